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
