// Package old has another name and folder afterwards.
package old

// Thing is made here.
type Thing struct{ N, M int }

// Make makes one.
//
//go:noinline
func Make(i int) *Thing {
	return &Thing{i, i} // @package
}
