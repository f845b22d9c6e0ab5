// Package lib has cgo too, and what it makes is made where it is inlined.
package lib

// static int twice(int n) { return 2 * n; }
import "C"

type Node struct{ n, next int }

// New is inlined, in this file and in others.
func New(n int) *Node { return &Node{n, n} } // @lib-new

var kept *Node

//go:noinline
func Keep(n int) int {
	kept = New(n) // @lib-keep
	return int(C.twice(C.int(n)))
}
