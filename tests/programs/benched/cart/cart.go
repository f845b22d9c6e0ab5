// Package cart has benchmarks, and so has the package beside it.
package cart

// Item is one line of a cart.
type Item struct{ price, count int }

// Add makes an item.
//
//go:noinline
func Add(price, count int) *Item {
	return &Item{price, count} // @benched-add
}
