// Two is the second, and is told apart by its package alone.
package main

import "example.com/escaudit/catalogue/lib"

type thing struct{ a, b, c int }

var (
	sink *thing
	node *lib.Node
)

//go:noinline
func makeThing(n int) {
	sink = &thing{n, n, n} // @two-thing
}

func main() {
	for i := 0; i < 11; i++ {
		makeThing(i)
	}
	for i := 0; i < 13; i++ {
		node = lib.Here(i) // @two-node
	}
}
