// Lines that were judged wrongly once, of a kind each. kinds.bats says what is to be said of them.
package main

import (
	"net/url"
	"runtime"
	"strconv"
	"time"
)

// How often each case is run.
const calls = 100

var (
	anySink      interface{}
	slicesSink   []interface{}
	stringer     interface{ String() string }
	ptrSink      *int
	stringSink   string
	byteSink     []byte
	pairSink     []byte
	pointersSink []*int

	five = []*int{nil, nil, nil, nil, nil}
)

func main() {
	for i := 0; i < calls; i++ {
		sized(200 + i)
		lengths()
		copied(five)
		buffers()
		wrappers(i)
		boxes(i)
		overwritten(len(five))
		cleanups()
		values(i)
		literals(i)
		moved(i)
	}

}

//go:noinline
func atLeast(n, min int) int {
	if n < min {
		return min
	}
	return n
}

// ---- a size that only looks like a number

//go:noinline
func sized(n int) {
	byteSink = make([]byte, atLeast(n, 16)) // @sized
}

// ---- lengths that are constants of the machine code, some by way of a register

//go:noinline
func through(b []byte) []byte { return b }

//go:noinline
func both(a, b []byte) { byteSink, pairSink = a, b }

//go:noinline
func lengths() {
	both(make([]byte, 104), through(make([]byte, 204))) // @lengths
}

//go:noinline
func copied(from []*int) {
	part := from[:5]
	to := make([]*int, 10) // @copied
	copy(to, part)
	pointersSink = to
}

//go:noinline
func buffers() {
	byteSink = buffer(4096) // @sized-inlined
}

// ---- methods that the compiler wraps

type named interface{ name() *int }

type first struct{ a, b int }

func (f first) name() *int { return &f.a } // @wrapped-first

type second struct{ a, b int }

func (s second) name() *int {
	n := new(int) // @wrapped-second
	*n = s.b
	return n
}

// Embedded: the wrapper is promoted.
type third struct {
	second
	c int
}

//go:noinline
func callName(n named) { ptrSink = n.name() }

//go:noinline
func wrappers(i int) {
	callName(&first{i, i})
	callName(&second{i, i})
	callName(&third{second{i, i}, i})
}

// ---- what is boxed, by the type that the source has

//go:noinline
func boxes(i int) {
	f := float64(i) + 0.5
	d := time.Duration(i+1) * time.Second
	s := strconv.Itoa(1000 + i)
	n := 1000 + i
	anySink = f  // @box-float
	anySink = d  // @box-duration
	anySink = s  // @box-string
	anySink = n  // @box-int
	stringer = d // @box-itab
	anySink = result(n)
	b := byteSink[:i]
	variadic(n, f, b) // @box-variadic
}

//go:noinline
func intsOf(n int) []int { return fourInts[:n-3] }

var fourInts [4]int

// What is stored is overwritten: its type is in no instruction.
//
//go:noinline
func overwritten(n int) {
	anySink = intsOf(n) // @box-overwritten
	anySink = &fourInts
	anySink = inlined(n) // @box-inlined
}

func inlined(n int) []int { return append([]int{n}, make([]int, n)...) }

type level int

func (l level) String() string { return "level" }

//go:noinline
func result(n int) interface{ String() string } {
	return level(n) // @box-result
}

//go:noinline
func variadic(values ...interface{}) { slicesSink = values }

// ---- generic functions of package runtime

type resource struct {
	p *int
	n [4]int
}

//go:noinline
func cleanups() {
	r := &resource{p: new(int)}
	watch(r)
	runtime.KeepAlive(r)
}

// ---- a map that the programmer knows by a name

//go:noinline
func values(i int) {
	v := url.Values{}
	v.Set("a", "b")
	for k := 0; k < 9; k++ {
		v.Add(strconv.Itoa(k), "x") // @values-add
	}
	stringSink = v.Get("a")
}
