// Refactor adds up orders, twice: "before" and "after" somebody read that pointers and captured variables escape. One of
// the changes does what it was meant to do, the other one does the opposite. The differences between the two folders are
// the whole point, so keep them few.
//
//	refactor [-n ORDERS]
package main

import (
	"flag"
	"fmt"
	"io"
)

// A package variable of interface type: nobody can tell what is behind it.
var out io.Writer = io.Discard

type order struct {
	price, count int
}

// sum is kept by reference, so every one of them is on the heap.
type sum struct {
	net, tax int
}

//go:noinline
func add(o order) *sum {
	net := o.price * o.count
	return &sum{net: net, tax: net / 5} // @sum
}

// announce tells about a sum from a goroutine, which captures it.
//
//go:noinline
func announce(total int) {
	done := make(chan struct{}) // @channel
	go func() {                 // @goroutine
		fmt.Fprintln(out, total)
		done <- struct{}{}
	}()
	<-done
}

func main() {
	n := flag.Int("n", 100, "orders")
	flag.Parse()
	labels := make([]*string, 0)
	for i := 0; i < *n; i++ {
		s := add(order{price: 300 + i, count: 2})
		announce(s.net + s.tax)
		labels = append(labels, label(i)) // @grow
	}
	fmt.Fprintln(out, *labels[*n-1])
}
