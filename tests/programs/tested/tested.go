// Package tested has a test, and no main.
package tested

// Node is a list's link.
type Node struct {
	Next  *Node
	Value int
}

// List makes n nodes.
func List(n int) *Node {
	var head *Node
	for i := 0; i < n; i++ {
		head = &Node{Next: head, Value: i} // @tested
	}
	return head
}
