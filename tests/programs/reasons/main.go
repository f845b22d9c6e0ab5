// Reasons has lines of which a verdict's reason, its advice or the number of its rows is easily got wrong.
//
//	reasons [-n N]    call each function N times
package main

import (
	"flag"
	"os"
	"runtime"
	"sync"

	"example.com/escaudit/reasons/inner"
)

var (
	sink       interface{}
	sinkInt    int
	sinkInts   []int
	sinkBytes  []byte
	sinkOthers []int
	none       int
	sinkString string
	sinkFunc   func() int
	otherFunc  func() int
	ten        = 10
	three      = 3
	numbers    = []int{1, 2, 3, 4, 5, 6, 7, 8}
	few        = []int{1, 2}
	pool       sync.Pool
	yes        = true
	wide       = wideValue{words: [20]int64{1, 2, 3}}
)

// The package's initialization has lines from here to the last variable.
var process = os.Getpid()

// ---- append ----

// A copy by append: there is never a buffer on the stack for it.
//
//go:noinline
func copied(x []int) int {
	y := append([]int(nil), x...) // @append-all
	y[0]++
	return y[0]
}

// The buffer on the stack serves the first round only.
//
//go:noinline
func rounds(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		var s []int
		s = append(s, i) // @append-round
		sum += len(s)
	}
	return sum
}

// Five times eight bytes are more than the buffer on the stack.
//
//go:noinline
func outgrown(n int) int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-outgrown
	}
	return s[n-1]
}

type wideValue struct{ words [20]int64 }

// No element of 160 bytes goes into that buffer.
//
//go:noinline
func wides(n int) int {
	var s []wideValue
	for i := 0; i < n; i++ {
		s = append(s, wide) // @append-wide
	}
	return len(s)
}

// ---- append, moved ----

// Built on the stack, moved where it is returned.
//
//go:noinline
func movedReturn(n int) []int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @moved-append
	}
	return s // @moved-return
}

// Moved where it is ranged over.
//
//go:noinline
func movedRange(n int) int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @range-append
	}
	sum := 0
	for _, v := range s { // @range-range
		sum += v
	}
	return sum
}

// Never called with so many that it grows.
//
//go:noinline
func movedOnly(n int) []int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @only-append
	}
	return s // @only-return
}

// Two of them: nothing tells what was moved where.
//
//go:noinline
func movedTwice(n int) int {
	var s, t []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @twice-first
		t = append(t, i) // @twice-second
	}
	sum := 0
	for _, v := range s { // @twice-range-first
		sum += v
	}
	for _, v := range t { // @twice-range-second
		sum += v
	}
	return sum
}

// Only in rounds that there are never.
//
//go:noinline
func skipped(n int) int {
	var s []int
	for i := 0; i < n; i++ {
		if i >= three {
			s = append(s, i) // @append-skipped
		}
	}
	return len(s)
}

// Elements of no size need none however many there are.
//
//go:noinline
func nothings(n int) int {
	var s []struct{}
	for i := 0; i < n; i++ {
		s = append(s, struct{}{}) // @append-nothings
	}
	return len(s)
}

// What is built on the stack has its buffer, where the capacity is looked at.
//
//go:noinline
func buffered(n int) (int, int) {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-buffered
	}
	return len(s), cap(s)
}

//go:noinline
func lengthSkipped(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		if i >= three {
			s := make([]int, n) // @make-skipped
			s[i]++
			sum += s[i]
		}
	}
	return sum
}

// ---- advice ----

//go:noinline
func withRoom(n int) int {
	s := make([]int, 0, n) // @make-room
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-room
	}
	return s[n-1]
}

//go:noinline
func withBoth(n int) int {
	s := make([]int, n/2, n) // @make-both
	s = append(s, n)
	return len(s)
}

//go:noinline
func withLength(n int) int {
	s := make([]int, n) // @make-length
	s[n-1] = n
	return s[n-1]
}

type logger struct{ last interface{} }

//go:noinline
func (l *logger) log(v interface{}) { l.last = v }

//go:noinline
func put(n int) {
	pool.Put(n * 1000) // @box-put
}

//go:noinline
func logged(l *logger, n int) {
	l.log(n * 1000) // @box-own
}

//go:noinline
func logInner(l *inner.Logger, n int) {
	l.Log(n * 1000) // @box-inner
}

// ---- maps ----

type big struct{ words [17]int64 } // 136 bytes

//go:noinline
func wideMap(n int) int {
	m := make(map[int]big, 8) // @map-wide-make
	for i := 0; i < n; i++ {
		m[i] = big{} // @map-wide
	}
	return len(m)
}

//go:noinline
func wideGrown(n int) int {
	m := make(map[int]big)
	for i := 0; i < n; i++ {
		m[i] = big{} // @map-wide-grown
	}
	return len(m)
}

//go:noinline
func wideKeys(n int) int {
	m := make(map[big]int, 8)
	for i := 0; i < n; i++ {
		m[big{words: [17]int64{int64(i)}}] = i // @map-wide-key
	}
	return len(m)
}

//go:noinline
func wideBoth(n int) int {
	m := make(map[big]big, 8)
	for i := 0; i < n; i++ {
		m[big{words: [17]int64{int64(i)}}] = big{} // @map-wide-both
	}
	return len(m)
}

//go:noinline
func grownMap(n int) int {
	m := make(map[int]int)
	for i := 0; i < n; i++ {
		m[i] = i // @map-grown
	}
	return len(m)
}

// ---- functions that are only inlined ----

// It has no code of its own, but the function that it returns has.
func counter(n int) func() int {
	return func() int { // @literal
		if n++; n > 1000 {
			panic("too many")
		}
		return n
	}
}

//go:noinline
func counters(n int) {
	sinkFunc = counter(n) // @literal-call
}

// Inlined where what it returns is called: neither it nor the literal have code.
func callable(n int) func() int {
	return func() int { // @literal-held
		n++
		return n
	}
}

func nested(n int) func() func() int {
	return func() func() int { // @literal-outer
		return func() int { // @literal-inner
			n++
			return n
		}
	}
}

func two(n int) (func() int, func() int) {
	return func() int { return n + 1 }, func() int { return n + 2 } // @literals-two
}

//go:noinline
func both(n int) {
	sinkFunc, otherFunc = two(n) // @literals-call
}

func ofNothing() func() int {
	return func() int { // @literal-data
		return ten
	}
}

// Never called.
func neverCalled(n int) func() int {
	return func() int { // @literal-never
		n++
		return n
	}
}

func constant() interface{} {
	return 12345 // @constant-inlined
}

//go:noinline
func literals(n int) {
	f := callable(n)
	sinkInt += f() + f()
	sinkFunc = nested(n)()
	sinkFunc = ofNothing()
	sink = constant()
}

// What captures nothing is data.
//
//go:noinline
func static() {
	sinkFunc = func() int { // @static-literal
		return ten
	}
}

// ---- conversions ----

//go:noinline
func emptyBytes(s string) {
	sinkBytes = []byte(s) // @bytes-empty
}

//go:noinline
func joined(a, b string) {
	sinkString = a + b // @concat-empty
}

//go:noinline
func oneByte(b []byte) {
	sinkString = string(b) // @string-short
}

//go:noinline
func noInts(n int) {
	sinkInts = make([]int, n) // @make-empty
}

// ---- variables moved out of an inlined callee ----

var sinkX, sinkY *int32

func pairOf(n int) (*int32, *int32) {
	a := int32(n)     // @merged-a
	b := int32(n + 1) // @merged-b
	return &a, &b
}

func boxOf(n int) *int32 {
	v := int32(n)
	return &v
}

// All of one object.
//
//go:noinline
func mergedInlined(n int) {
	sinkX, sinkY = pairOf(n) // @merged-call
}

// The object is made for the first, and has room for what is inlined behind it.
//
//go:noinline
func mergedBehind(n int) {
	x := int32(n) // @merged-own
	sinkX = &x
	sinkY = boxOf(n) // @merged-behind
}

//go:noinline
func mergedThree(n int) {
	x := int32(n) // @merged-three
	sinkX = &x
	sinkX, sinkY = pairOf(n) // @merged-three-call
}

// ---- branches in one line ----

//go:noinline
func keepInts(s []int) bool { sinkInts = s; return true }

//go:noinline
func branches(c bool, n int) bool {
	return c && keepInts(make([]int, n)) || keepInts(make([]int, n)) // @branches
}

// Both are made each time, in the order in which they stand.
//
//go:noinline
func sideBySide(n int) {
	keepBoth(make([]int, n), make([]int, n)) // @side-by-side
}

//go:noinline
func keepBoth(a, b []int) { sinkInts, sinkOthers = a, b }

func main() {
	n := flag.Int("n", 1, "calls")
	flag.Parse()
	runtime.GC()
	l, il := &logger{}, &inner.Logger{}
	for i := 0; i < *n; i++ {
		sinkInt += copied(numbers) + rounds(three) + outgrown(ten) + wides(three)
		sinkInt += movedTwice(three)
		sinkInt += len(movedReturn(three)) + len(movedReturn(ten)) + movedRange(three) + movedRange(ten) + len(movedOnly(three))
		sinkInt += skipped(three) + nothings(ten) + lengthSkipped(three)
		cells, room := buffered(three)
		sinkInt += cells + room
		sinkInt += withRoom(ten) + withBoth(ten) + withLength(ten)
		put(ten)
		logged(l, ten)
		logInner(il, ten)
		sinkInt += wideMap(three) + wideGrown(ten) + wideKeys(three) + wideBoth(three) + grownMap(ten)
		counters(ten)
		literals(ten)
		both(ten)
		static()
		emptyBytes("")
		joined("", "")
		noInts(none)
		oneByte([]byte{'a'})
		mergedInlined(ten)
		mergedBehind(ten)
		mergedThree(ten)
		branches(!yes, ten)
		sideBySide(ten)
		sink = between(ten)
		extended(ten)
	}
}

type fromTo struct{ a, b int }

// Inlined wherever it is called, between the lines of the package's initialization.
func between(n int) *fromTo {
	if n > 3 {
		return &fromTo{n, 1} // @between
	}
	return nil
}

//go:noinline
func extended(n int) {
	sinkBytes = append([]byte(nil), make([]byte, n)...) // @extended
}

var parent = os.Getppid()
