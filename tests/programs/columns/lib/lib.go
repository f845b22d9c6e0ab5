// Package lib has a function that is inlined, and one that is not.
package lib

type Item struct{ n, m int }

var sink []*Item

func make2(n int) (*Item, *Item) { return &Item{n, 1}, &Item{n, 2} } // @lib-inside

//go:noinline
func Twice(n int) *Item {
	a, b := make2(n)                           // @lib-call
	sink = append(append(sink[:0:0], a), b, a) // @lib-append
	return b
}
