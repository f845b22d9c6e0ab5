// Package notmain is a library: it can be predicted, not run.
package notmain

// New returns the address of a local.
func New() *int {
	local := 1000 // @notmain
	return &local
}
