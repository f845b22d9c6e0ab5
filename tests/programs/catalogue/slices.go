package main

func init() {
	register("make-const", makeConst)
	register("make-const-escapes", makeConstEscapes)
	register("make-zero", makeZero)
	register("make-zero-size", func() { makeZeroSize(ten) })
	register("make-large", makeLarge)
	register("make-known", makeKnown)
	register("make-small", func() { makeSmall(three) })
	register("make-variable", func() { makeVariable(ten) })
	register("make-escapes", func() { makeEscapes(ten) })
	register("make-cap", func() { makeCap(ten) })
	register("make-boxed", func() { makeBoxed(ten) })
	register("make-pointers", func() { makePointers(ten) })
	register("make-copy", func() { makeCopy(longBytes) })
	register("make-copy-pointers", func() { makeCopyPointers(manyPairs) })
	register("make-two", func() { makeTwo(ten) })
	register("make-one-stays", func() { makeOneStays(ten) })
	register("slice-literal", sliceLiteral)
	register("slice-literal-stays", sliceLiteralStays)
	register("slice-literal-named", sliceLiteralNamed)
	register("slice-literal-alike", sliceLiteralAlike)
	register("slice-of-slices", sliceOfSlices)
	register("slice-boxed", sliceBoxed)
	register("append-three", func() { appendStays(3) })
	register("append-five", func() { appendFive() })
	register("append-hundred", func() { appendHundred() })
	register("append-large", func() { appendLarge() })
	register("append-all", func() { appendAll(longBytes) })
	register("append-string", func() { appendString(long) })
	register("append-returned", func() { sinkInts = appendReturned(3) })
	register("append-returned-many", func() { sinkInts = appendReturnedMany(20) })
	register("append-returned-cap", func() { sinkInts = appendReturnedCap(3) })
	register("append-returned-pointers", func() { sinkPairs = appendReturnedPointers(3) })
	register("append-kept", func() { appendKept(3) })
	register("append-field", func() { appendField(3) })
	register("append-parameter", func() { sinkInts = appendParameter(nil) })
	register("append-named-result", func() { sinkInts = appendNamedResult(3) })
	register("append-two-returns", func() { sinkInts = appendTwoReturns(3) })
	register("append-two", func() { appendTwo(3) })
	register("append-one-line", func() { sinkInts, sinkInts = appendOneLine(3) })
	register("append-one-stays", func() { appendOneStays(5) })
	register("append-clone", func() { appendClone(sinkLongInts) })
	register("append-made", func() { appendMade(ten) })
	register("append-several", func() { appendSeveral() })
	register("append-global", func() { appendGlobal() })
	register("array-slice", arraySlice)
	register("variadic-ints", func() { variadicInts(ten) })
	register("variadic-ints-stay", func() { variadicIntsStay(ten) })
	register("variadic-none", variadicNone)
}

var (
	manyPairs    = make([]*pair, 11)
	sinkPairs    []*pair
	sinkLongInts = make([]int, 23)
)

//go:noinline
func makeConst() {
	s := make([]int, 10) // @make-const
	s[three] = 1
	theInt = s[ten/2]
}

//go:noinline
func makeConstEscapes() {
	sinkInts = make([]int, 10) // @make-const-escapes
}

//go:noinline
func makeZero() {
	sinkInts = make([]int, 0) // @make-zero
}

//go:noinline
func makeZeroSize(n int) {
	sink = make([]struct{}, n) // @make-zero-size
}

//go:noinline
func makeLarge() {
	s := make([]int, 10000) // @make-large
	s[three] = 1
	theInt = s[ten]
}

//go:noinline
func makeKnown() {
	n := 10
	s := make([]int, n) // @make-known
	s[three] = 1
	theInt = s[ten/2]
}

//go:noinline
func makeSmall(n int) {
	s := make([]int, n) // @make-small
	s[0] = 1
	theInt = s[1]
}

//go:noinline
func makeVariable(n int) {
	s := make([]int, n) // @make-variable
	s[0] = 1
	theInt = s[1]
}

//go:noinline
func makeEscapes(n int) {
	sinkInts = make([]int, n) // @make-escapes
}

//go:noinline
func makeCap(n int) {
	sinkInts = make([]int, 0, n) // @make-cap
}

//go:noinline
func makeBoxed(n int) {
	sink = make([]int, n) // @make-boxed
}

//go:noinline
func makePointers(n int) {
	sinkPairs = make([]*pair, n) // @make-pointers
}

//go:noinline
func makeCopy(b []byte) {
	c := make([]byte, len(b)) // @make-copy
	copy(c, b)
	sinkBytes = c
}

//go:noinline
func makeCopyPointers(p []*pair) {
	c := make([]*pair, len(p)) // @make-copy-pointers
	copy(c, p)
	sinkPairs = c
}

//go:noinline
func makeTwo(n int) {
	sinkInts, sinkBytes = make([]int, n), make([]byte, n) // @make-two
}

//go:noinline
func sum(s []int) int { return len(s) }

// Both are made by the same function of the runtime since 1.25, but only one is said to.
//
//go:noinline
func makeOneStays(n int) {
	theInt, sinkInts = sum(make([]int, n)), make([]int, n+1) // @make-one-stays
}

//go:noinline
func sliceLiteral() {
	sinkInts = []int{ten, ten, ten} // @slice-literal
}

//go:noinline
func sliceLiteralStays() {
	s := []int{ten, ten, ten} // @slice-literal-stays
	theInt = s[three/2]
}

type list []int

//go:noinline
func sliceLiteralNamed() {
	sinkInts = list{ten, ten, ten} // @slice-literal-named
}

//go:noinline
func sliceLiteralAlike() {
	keepInts([]int{ten}, []int{ten, ten}) // @slice-literal-alike
}

//go:noinline
func sliceOfSlices() {
	sink = [][]int{{ten}, {ten, ten}} // @slice-of-slices
}

//go:noinline
func sliceBoxed() {
	sink = []int{ten, ten, ten} // @slice-boxed
}

//go:noinline
func appendStays(n int) {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-three
	}
	theInt = s[0]
}

//go:noinline
func appendFive() {
	var s []int
	for i := 0; i < 5; i++ {
		s = append(s, i) // @append-five
	}
	theInt = s[0]
}

//go:noinline
func appendHundred() {
	var s []int
	for i := 0; i < 100; i++ {
		s = append(s, i) // @append-hundred
	}
	theInt = s[0]
}

// Elements larger than the buffer.
//
//go:noinline
func appendLarge() {
	var s [][5]int
	for i := 0; i < 3; i++ {
		s = append(s, [5]int{i}) // @append-large
	}
	theInt = s[0][0]
}

//go:noinline
func appendAll(b []byte) {
	var s []byte
	s = append(s, b...) // @append-all
	theInt = int(s[0])
}

//go:noinline
func appendString(t string) {
	var s []byte
	s = append(s, t...) // @append-string
	theInt = int(s[0])
}

//go:noinline
func appendReturned(n int) []int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-returned.append
	}
	return s // @append-returned.return
}

//go:noinline
func appendReturnedMany(n int) []int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-returned-many.append
	}
	return s // @append-returned-many.return
}

//go:noinline
func appendReturnedCap(n int) []int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-returned-cap.append
	}
	theInt = cap(s)
	return s // @append-returned-cap.return
}

//go:noinline
func appendReturnedPointers(n int) []*pair {
	var s []*pair
	for i := 0; i < n; i++ {
		s = append(s, sinkPair) // @append-returned-pointers.append
	}
	return s // @append-returned-pointers.return
}

//go:noinline
func appendKept(n int) {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-kept.append
	}
	sinkInts = s // @append-kept.assign
}

type holder struct{ list []int }

//go:noinline
func appendField(n int) {
	var h holder
	for i := 0; i < n; i++ {
		h.list = append(h.list, i) // @append-field
	}
	sinkInts = h.list // @append-field.assign
}

//go:noinline
func appendParameter(s []int) []int {
	return append(s, 1) // @append-parameter
}

//go:noinline
func appendNamedResult(n int) (s []int) {
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-named-result.append
	}
	return // @append-named-result.return
}

//go:noinline
func appendTwoReturns(n int) []int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i) // @append-two-returns.append
	}
	if n > 2 {
		return s // @append-two-returns.first
	}
	s = append(s, n) // @append-two-returns.second
	return s         // @append-two-returns.last
}

//go:noinline
func appendTwo(n int) {
	var s, t []int
	for i := 0; i < n; i++ {
		s = append(s, i)    // @append-two.first
		t = append(t, i, i) // @append-two.second
	}
	sinkInts = s // @append-two.assign-first
	sinkInts = t // @append-two.assign-second
}

//go:noinline
func appendOneLine(n int) ([]int, []int) {
	var s, t []int
	for i := 0; i < n; i++ {
		s, t = append(s, i), append(t, i, i) // @append-one-line.append
	}
	return s, t // @append-one-line.return
}

//go:noinline
func appendOneStays(n int) {
	var s, t []int
	for i := 0; i < n; i++ {
		s, t = append(s, i), append(t, i) // @append-one-stays
	}
	sinkInts = s // @append-one-stays.assign
	theInt = sum(t)
}

//go:noinline
func appendClone(s []int) {
	sinkInts = append([]int(nil), s...) // @append-clone
}

// The compiler makes no temporary slice.
//
//go:noinline
func appendMade(n int) {
	var s []int
	s = append(s, make([]int, n)...) // @append-made
	sinkInts = s
}

//go:noinline
func appendSeveral() {
	var s []int
	s = append(s, 1) // @append-several.first
	s = append(s, 2) // @append-several.second
	s = append(s, 3) // @append-several.third
	sinkInts = s     // @append-several.assign
}

//go:noinline
func appendGlobal() {
	sinkInts = nil
	for i := 0; i < 3; i++ {
		sinkInts = append(sinkInts, i) // @append-global
	}
}

//go:noinline
func arraySlice() {
	var a [4]int // @array-slice
	sinkInts = a[:]
}

//go:noinline
func keepNumbers(n ...int) { sinkInts = n }

//go:noinline
func lookNumbers(n ...int) int { return len(n) }

//go:noinline
func variadicInts(n int) {
	keepNumbers(n, n+1, n+2) // @variadic-ints
}

//go:noinline
func variadicIntsStay(n int) {
	theInt = lookNumbers(n, n+1, n+2) // @variadic-ints-stay
}

//go:noinline
func variadicNone() {
	keepNumbers() // @variadic-none
}
