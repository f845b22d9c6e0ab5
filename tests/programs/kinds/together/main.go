// Together has variables that are moved to the heap, some of which share objects since Go 1.25: those without pointers, up
// to 16 bytes, of one basic block.
package main

import (
	"errors"
	"fmt"
)

const calls = 10

type name struct{ first, last string }

var (
	sink, sink2, sink3, sink4 interface{}
	later                     []func()
)

//go:noinline
func together(n int) {
	var a, b, c int // @var
	sink, sink2, sink3 = &a, &b, &c
	d, s, e, f, g := n, "x", n+1, n+2, n+3 // @defined
	sink, sink2, sink3, sink4 = &d, &s, &e, &f
	sink = &g
}

//go:noinline
func sizes() {
	var a, c int32 // @size-4
	var b, d int64 // @size-8
	var e bool     // @size-1
	var f [2]int8  // @size-2
	sink, sink2, sink3, sink4 = &a, &b, &c, &d
	sink, sink2 = &e, &f
}

//go:noinline
func parameters(n int, who string, k int) (r int, err error) { // @parameters
	later = append(later[:0], func() { n++; who += "x"; k++; r++; err = errors.New("no") })
	return
}

func (n name) method(k int) (r int) { // @receiver
	later = append(later[:0], func() { n.first += "x"; k++; r++ })
	return
}

func inlined(n int) {
	a, b := n, [2]int{n}
	sink, sink2 = &a, &b
	c := n
	f := func() { c++ }
	f()
	sink = f
}

//go:noinline
func twice(n int) { inlined(n); inlined(n + 1) } // @twice

//go:noinline
func literal() {
	func(p [6]int, q *[7]int) { sink, sink2 = &p, &q }([6]int{}, &[7]int{}) // @literal
}

func optional(n int, wanted bool) {
	if wanted {
		q := n // @optional
		sink = &q
	}
}

//go:noinline
func dropped(n int) {
	a, b := n, n+1 // @kept
	sink, sink2 = &a, &b
	optional(n, false) // @dropped
	switch z := interface{}(n + 1000).(type) {
	case int: // @case-int
		sink = &z
	case string: // @case-string
		sink = &z
	}
}

const wanted = true

//go:noinline
func folded(n int) {
	a := int32(n) // @folded
	sink = &a
	if wanted {
		b := int32(n) // @folded-inner
		sink2 = &b
	}
	if n >= 0 {
		c, d := n, n+1 // @inner
		sink, sink2 = &c, &d
	} else {
		e, f := n, n+1
		sink, sink2 = &e, &f
	}
	for i, v := range []int{n, n + 1} { // @range
		sink, sink2 = &i, &v
	}
}

//go:noinline
func scanned() int {
	var start, stop, step int // @scanned
	fmt.Sscan("1 2 3", &start, &stop, &step)
	return start + stop + step
}

func main() {
	for i := 0; i < calls; i++ {
		together(i)
		sizes()
		parameters(i, "a", i)
		name{"a", "b"}.method(i)
		twice(i)
		literal()
		dropped(i)
		folded(i)
		scanned()
		lines(i)
		expressions(i)
	}
}
