// Package renamed had another name and folder.
package renamed

// Thing is made here.
type Thing struct{ N, M int }

// Make makes one.
//
//go:noinline
func Make(i int) *Thing {
	return &Thing{i, i} // @package
}
