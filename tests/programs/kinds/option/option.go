// Package option has options that are functions: literals that are inlined into the caller.
package option

import "fmt"

// Describe boxes two values.
func Describe(name string, size int64) string { return fmt.Sprint(name, size) }

// Lists makes two slices in unlike words.
func Lists(n int) ([]int, []int) { return make([]int, n+100), make([]int, n+200) }

// Names is a list of names.
type Names struct{ list []string }

// With adds names.
func With(names ...string) func(*Names) {
	return func(n *Names) {
		n.list = append(n.list, names...) // @with
	}
}

// New gives a list with options, and how long it is.
func New(options ...func(*Names)) int {
	names := &Names{}
	for _, o := range options {
		o(names)
	}
	return len(names.list)
}

// Node is a list.
type Node[T any] struct {
	next  *Node[T]
	value T
}

// Push puts a value in front.
//
//go:noinline
func Push[T any](n *Node[T], value T) *Node[T] {
	return &Node[T]{n, value} // @push
}

var kept *Node[int64]

// Keep pushes numbers: an instance that this package compiles.
func Keep(number int64) { kept = Push(kept, number) }
