// Package order makes three objects an operation where its neighbour makes one.
package order

// Line is a line of an order.
type Line struct {
	next  *Line
	count int
}

// Place makes three lines.
//
//go:noinline
func Place(count int) *Line {
	var head *Line
	for i := 0; i < 3; i++ {
		head = &Line{head, count} // @benched-place
	}
	return head
}
