// Constants as long as the compiler prints them, and longer: of those it prints the beginning, without a closing quote. What a
// line's verdicts must be stands behind it.
package main

import "example.com/escaudit/constants/text"

var (
	str  string
	box  any
	list []string
)

//go:noinline
func keep(s string) string { return s }

//go:noinline
func keepAll(s string, rest ...any) { str, box = s, rest[0] }

//go:noinline
func look(s string, rest ...any) int { return len(s) + len(rest) }

func main() {
	x := keep("x")
	n := len(x) + 1000
	for i := 0; i < 10; i++ {
		str = "0123456789012345678901234567890123456789012345678901234567890123456789" + x               // 70: confirmed
		str = "01234567890123456789012345678901234567890123456789012345678901234567890" + x              // 71: confirmed
		str = x + "01234567890123456789012345678901234567890123456789012345678901234567890"              // at the end: confirmed
		str = "0123456789`12345678901234567890123456789012345678901234567890123456789012345" + x + "`"   // and more: confirmed
		str = "012345678901234567890123456789012345678901234567890123456789012345678\n0" + x             // cut in an escape: confirmed
		str = "\u00e901234567890123456789012345678901234567890123456789012345678901234567" + x           // 69 characters: confirmed
		str = "\u00e9012345678901234567890123456789012345678901234567890123456789012345678901" + x       // 73: confirmed
		str = text.Signed(x)                                                                             // inlined: confirmed
		box = "01234567890123456789012345678901234567890123456789012345678901234567890"                  // data: compiled-out
		box = []byte("01234567890123456789012345678901234567890123456789012345678901234567890")          // converted, boxed: confirmed
		keepAll("01234567890123456789012345678901234567890123456789012345678901234567890"+x, n)          // one stays: confirmed,held
		n += look("01234567890123456789012345678901234567890123456789012345678901234567890", n) & 1      // none: held
		n += look(x+"01234567890123456789012345678901234567890123456789012345678901234567890", n, x) & 1 // over 32 bytes: held,violated
		list = []string{x + "01234567890123456789012345678901234567890123456789012345678901234567890"}   // both: confirmed
	}
}
