// Edits is a program twice, before and after edits of many kinds, one for each function. Lines that the test speaks of carry a
// marker, the same on both sides; the test has a table of what each edit is.
//
//	edits [-n ROUNDS]
package main

import (
	"flag"
	"runtime"
	"sync"

	"example.com/escaudit/edits/old"
)

type pair struct{ a, b int }

var (
	sinkPair  *pair
	sinkInt   *int
	sinkAny   interface{}
	sinkBytes []byte
	sinkFunc  func() int
	sinkText  string
	total     int
)

//go:noinline
func gone(i int) *pair { return &pair{i, i} } // @gone

//go:noinline
func more(i int) {
	for k := 0; k < 3; k++ {
		sinkPair = &pair{i, k} // @more
	}
}

//go:noinline
func fewer(i int) {
	for k := 0; k < 5; k++ {
		sinkPair = &pair{i, k} // @fewer
	}
}

//go:noinline
func fresh(i int) {
	total += i
}

//go:noinline
func retyped(i int) {
	v := int32(i) // @retyped
	sinkAny = &v
}

//go:noinline
func resized() {
	sinkBytes = make([]byte, 1000) // @resized
}

//go:noinline
func settled(n int) int {
	s := make([]int, 20000) // @settled
	s[n] = n
	return s[n/2] + len(s)
}

//go:noinline
func outgrown(s string) int {
	t := s + "abc" // @outgrown
	return len(t)
}

// Inlined here.
func helper(i int) *pair {
	return &pair{i, 2} // @helper
}

//go:noinline
func inlined(i int) { sinkPair = helper(i) }

//go:noinline
func closures(i int) {
	sinkFunc = func() int { return i } // @closures
}

//go:noinline
func formerly(i int) {
	sinkPair = &pair{i, 77} // @renamed-function
}

//go:noinline
func variable(i int) {
	count := i // @variable
	sinkInt = &count
}

//go:noinline
func twice(i int) {
	sinkPair = &pair{i, 1} // @twice-first
	total++
	total++
	sinkPair = &pair{i, 2} // @twice-second
}

func (p pair) boxed(i int) {
	sinkPair = &pair{p.a, i} // @receiver
}

func generic[T any](v T) *T {
	w := v // @generic
	return &w
}

var buffers = sync.Pool{New: func() interface{} {
	return &pair{1, 1} // @pool
}}

//go:noinline
func noisy(i int) {
	done := make(chan bool) // @noisy
	p := buffers.Get().(*pair)
	go func() { done <- true }()
	<-done
	buffers.Put(p)
	if i%10 == 0 {
		runtime.GC()
	}
}

//go:noinline
func grows(n int) {
	m := map[int]int{}
	for i := 0; i < n; i++ {
		m[i*7919] = i // @grows
	}
	total += len(m)
}

//go:noinline
func method(i int) {
	p := pair{i, i}
	p.boxed(i)
}

func main() {
	n := flag.Int("n", 50, "rounds")
	flag.Parse()
	for i := 0; i < *n; i++ {
		total += gone(i).a
		more(i)
		fewer(i)
		fresh(i)
		retyped(i + 1000)
		resized()
		total += settled(i)
		total += outgrown("0123456789")
		inlined(i)
		closures(i)
		formerly(i)
		variable(i)
		twice(i)
		method(i)
		sinkInt = generic(i)
		noisy(i)
		grows(100)
		total += old.Make(i).N
		moving(i)
	}
}
