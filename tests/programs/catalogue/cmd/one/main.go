// One is the first of two programs whose files have the same name.
package main

import "example.com/escaudit/catalogue/lib"

type thing struct{ a, b int }

var (
	sink *thing
	node *lib.Node
)

//go:noinline
func makeThing(n int) {
	sink = &thing{n, n} // @one-thing
}

func main() {
	for i := 0; i < 7; i++ {
		makeThing(i)
		node = lib.New(i) // @one-node
	}
}
