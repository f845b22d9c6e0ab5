// Package text has a function with a long constant that is inlined elsewhere.
package text

// Signed appends to more than the compiler prints of a constant, with a back quote in the part that it does.
func Signed(s string) string {
	return "0123456789`12345678901234567890123456789012345678901234567890123456789012345678" + s
}
