// Asserted says in comments what it does not allocate. Some of that is true, some is not, and some never runs.
//
//	asserted [-n ROUNDS]
package main

import (
	"flag"
	"strings"

	"example.com/escaudit/asserted/inlined"
)

type node struct {
	next  *node
	value int
}

var (
	sink  *node
	total int
	words = []string{"one", "two", "three"}
	never = false

	kept               []int
	address1, address2 *int
	function           func(int) int
)

// push allocates, whatever its comment says.
//
//escaudit:noalloc
//go:noinline
func push(head *node, value int) *node {
	return &node{head, value}
}

// sum has no call that could allocate.
//
//escaudit:noalloc
//go:noinline
func sum(head *node) int {
	n := 0
	for ; head != nil; head = head.next {
		n += head.value
	}
	return n
}

// small is inlined everywhere, and allocates nowhere but on a path that is not taken.
//
//escaudit:noalloc
func small(value int) int {
	if never {
		sink = &node{nil, value}
	}
	return value + 1
}

// large is inlined, and what its copies allocate is its own.
//
//escaudit:noalloc
func large(value int) {
	sink = &node{nil, value}
}

// unused may allocate, but nobody calls it in this run.
//
//escaudit:noalloc
//go:noinline
func unused(value int) {
	sink = &node{nil, value}
}

// dropped is called by nobody: the linker leaves it out.
//
//escaudit:noalloc
func dropped(value int) *node {
	return &node{nil, value}
}

// join allocates nothing by itself: what it calls does.
//
//escaudit:noalloc
//go:noinline
func join() int {
	return len(strings.Repeat(words[0], 100))
}

// deep claims it for what it calls too.
//
//escaudit:noalloc calls // and that is wrong
//go:noinline
func deep() int { return join() }

// flat claims the same, and is right.
//
//escaudit:noalloc calls
//go:noinline
func flat(head *node) int { return sum(head) + small(1) }

// grow appends: a growth is no escape.
//
//go:noinline
func grow(list []int, n int) []int {
	for i := 0; i < n; i++ {
		list = append(list, i) //gcassert:noescape
	}
	return list
}

//go:noinline
func mixed(value int) int {
	//escaudit:noalloc
	local := node{nil, value}
	kept := &node{&local, 1}  //gcassert:bce,noescape
	sink = &node{nil, value}  //escaudit:noalloc // it does
	s := "//escaudit:noalloc" // no comment of ours
	if never {
		sink = &node{nil, 7} //escaudit:noalloc
	}
	return kept.value + len(s) + local.value
}

// moved's parameter goes to the heap.
//
//gcassert:noescape
//go:noinline
func moved(value int) *int {
	return &value
}

// list1 is inlined, and the call that makes its slice has the position of the inlined call: no frame names it.
//
//escaudit:noalloc
func list1(value int) []int { return []int{value} }

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

type list struct{ head *node }

// Push is a method.
//
//escaudit:noalloc
//go:noinline
func (l *list) Push(value int) { l.head = &node{l.head, value} }

//escaudit:noaloc
func main() {
	n := flag.Int("n", 100, "rounds")
	flag.Parse()
	l := &list{}
	for i := 0; i < *n; i++ {
		l.head = push(nil, i)
		l.Push(i)
		total += sum(l.head) + small(i) + join() + deep() + flat(l.head) + len(grow(nil, 3)) + mixed(i) + *moved(i)
		large(i)
		kept = list1(i)
		address1 = address(i)
		kept = checked(i)
		address1, address2 = pair(i, i+1)
		kept = inlined.List(i)
		total += literals(i) + plus(&total, i) + last([]int{i, total})
		kept = list1(i) //escaudit:noalloc // by itself: what list1 makes is list1's
	}
	if never {
		unused(1)
	}
}
