// Plug is a plugin: allocator code, functions and types of its own, the runtime of its host.
package main

import "strings"

// Item is known to the plugin only.
type Item struct {
	next *Item
	a, b uint64
}

var (
	sink *Item
	text string
)

// Burst allocates n items and n strings.
func Burst(n int) {
	for i := 0; i < n; i++ {
		sink = &Item{a: uint64(i)}         // @plug-item
		text = strings.Repeat("plug", 9+i) // @plug-text
	}
}

func main() {}
