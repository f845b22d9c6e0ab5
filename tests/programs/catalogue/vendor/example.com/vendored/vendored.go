// Package vendored stands for somebody else's module.
package vendored

// Item is made by Make.
type Item struct {
	Left, Right int
}

// Make is inlined into its callers, MakeHere is not.
func Make(n int) *Item {
	return &Item{n, n} // @vendored-inlined
}

//go:noinline
func MakeHere(n int) *Item {
	return &Item{n, n} // @vendored-here
}
