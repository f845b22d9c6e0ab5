// Inlinedasserts says in comments what functions do not allocate of which the binary keeps no code but what their callers have.
//
//	inlinedasserts [-n ROUNDS]
package main

import (
	"flag"

	"example.com/escaudit/inlinedasserts/inlined"
)

var (
	total              int
	kept               []int
	address1, address2 *int
	function           func(int) int
)

// list is inlined, and the call that makes its slice has the position of the inlined call: no frame names it.
//
//escaudit:noalloc
func list(value int) []int { return []int{value} }

// address is inlined too, and its parameter is moved to the heap.
//
//escaudit:noalloc
func address(value int) *int { return &value }

// checked has code of its own besides in every copy.
//
//escaudit:noalloc
func checked(value int) []int {
	if value < 0 {
		total -= value
	}
	return []int{value}
}

// pair makes one object for both where they are merged, and two otherwise.
//
//escaudit:noalloc
func pair(a, b int) (*int, *int) { return &a, &b }

// plus has single instructions in what it is inlined into; its parameter stays.
//
//gcassert:noescape
func plus(p *int, value int) int {
	sum := *p + value
	return sum
}

// last is folded away wherever it is called.
//
//escaudit:noalloc
func last(list []int) int { return list[len(list)-1] }

//go:noinline
func literals(value int) int {
	makes := func(i int) []int { //escaudit:noalloc // and that is wrong
		return []int{i, value}
	}
	moves := func(i int) *int { //escaudit:noalloc // wrong too: its parameter is moved
		return &i
	}
	adds := func(i int) int { //escaudit:noalloc // right, though the literal itself is an object
		return i + value
	}
	kept, address1, function = makes(value), moves(value), adds
	return adds(1)
}

func main() {
	n := flag.Int("n", 100, "rounds")
	flag.Parse()
	for i := 0; i < *n; i++ {
		kept = list(i)
		address1 = address(i)
		kept = checked(i)
		address1, address2 = pair(i, i+1)
		kept = inlined.List(i)
		total += literals(i) + plus(&total, i) + last([]int{i, total})
		kept = list(i) //escaudit:noalloc // by itself: what list makes is list's
	}
}
