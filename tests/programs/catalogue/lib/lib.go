// Package lib is a second package of the module, so that code of one is inlined into the other.
package lib

// Node is what the functions make.
type Node struct {
	Value int
	Next  *Node
}

// New is inlined into its callers.
func New(value int) *Node {
	return &Node{Value: value} // @lib-new
}

// Two calls New twice on one line, and is inlined itself.
func Two(value int) (*Node, *Node) {
	return New(value), New(value + 1)
}

// Here is not inlined.
//
//go:noinline
func Here(value int) *Node {
	return &Node{Value: value} // @lib-here
}

// Map is generic: it is compiled where it is used.
func Map[T, U any](from []T, to func(T) U) []U {
	made := make([]U, 0, len(from)) // @lib-map
	for _, v := range from {
		made = append(made, to(v))
	}
	return made
}

// Repeat is generic too, and this package needs it as well: it is compiled in both, and the linker keeps one.
//
//go:noinline
func Repeat[T any](v T, n int) ([]T, *T) {
	made, last := make([]T, n), new(T) // @generic-shared.inside
	for i := range made {
		made[i] = v
	}
	*last = v
	return made, last
}

// Ones is this package's use.
//
//go:noinline
func Ones(n int) ([]int, *int) {
	return Repeat(1, n)
}
