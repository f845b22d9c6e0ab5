// Asserted says in comments what it does not allocate. Some of that is true, some is not, and some never runs.
//
//	asserted [-n ROUNDS]
package main

import (
	"flag"
	"strings"
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
	}
	if never {
		unused(1)
	}
}
