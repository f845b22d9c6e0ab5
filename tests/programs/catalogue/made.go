package main

import (
	"errors"

	"example.com/escaudit/catalogue/lib"
	"example.com/vendored"
)

func init() {
	register("new", madeNew)
	register("new-stays", madeNewStays)
	register("new-zero-size", madeZeroSize)
	register("literal", madeLiteral)
	register("literal-zero-size", madeEmptyLiteral)
	register("literal-nested", madeNested)
	register("literal-two", madeTwo)
	register("literal-alike", madeAlike)
	register("literal-pointers", madePointers)
	register("moved", func() { madeMoved(ten) })
	register("moved-parameter", func() { madeParameter(ten, hundred) })
	register("moved-parameters", func() { madeParameters(1, long) })
	register("moved-result", func() { madeResult() })
	register("moved-string", madeMovedString)
	register("moved-array", madeMovedArray)
	register("merged", madeMerged)
	register("merged-four", madeMergedFour)
	register("merged-apart", func() { madeMergedApart(yes) })
	register("merged-mixed", madeMergedMixed)
	register("merged-spread", madeMergedSpread)
	register("merged-next-line", madeMergedNextLine)
	register("large-array", madeLargeArray)
	register("large-stays", madeLargeStays)
	register("large-middle", madeLargeMiddle)
	register("large-new", madeLargeNew)
	register("inlined", madeInlined)
	register("inlined-twice", madeInlinedTwice)
	register("inlined-deep", madeInlinedDeep)
	register("inlined-stays", madeInlinedStays)
	register("inlined-moved", madeInlinedMoved)
	register("inlined-method", madeInlinedMethod)
	register("other-package", madeOther)
	register("other-package-twice", madeOtherTwice)
	register("other-package-here", madeOtherHere)
	register("vendored", madeVendored)
	register("error-new", madeError)
	register("in-loop", madeInLoop)
	register("in-condition", func() { madeInCondition(yes) })
	register("sizes", madeSizes)
	register("conversion", madeConversion)
	register("recursive", func() { sinkLink = madeRecursive(5) })
	register("field-address", madeField)
	register("array-literal", madeArray)
	register("struct-in-place", madeInPlace)
	register("merged-inlined", madeMergedInlined)
	register("inlined-result", madeInlinedResult)
	register("moved-inlined-string", madeInlinedString)
}

var (
	sinkLink *link
	sinkPair *pair
	sinkNode *lib.Node
)

//go:noinline
func madeNew() {
	sinkPair = new(pair) // @new
}

//go:noinline
func madeNewStays() {
	p := new(pair) // @new-stays
	p.a = ten
	theInt = p.a
}

//go:noinline
func madeZeroSize() {
	sink = new(struct{}) // @new-zero-size
}

//go:noinline
func madeLiteral() {
	sinkPair = &pair{ten, hundred} // @literal
}

//go:noinline
func madeEmptyLiteral() {
	sink = &struct{}{} // @literal-zero-size
}

//go:noinline
func madeNested() {
	sinkLink = &link{1, &link{2, &link{3, nil}}} // @literal-nested
}

//go:noinline
func madeTwo() {
	sinkPair, sinkLink = &pair{ten, ten}, &link{ten, nil} // @literal-two
}

//go:noinline
func madeAlike() {
	keepPairs(&pair{1, 2}, &pair{3, 4}) // @literal-alike
}

//go:noinline
func keepPairs(a, b *pair) {
	sinkPair = a
	sinkPair = b
}

//go:noinline
func madePointers() {
	sink = []*pair{ // @literal-pointers.slice
		{1, 2}, // @literal-pointers.first
		{3, 4}, // @literal-pointers.second
	}
}

//go:noinline
func madeMoved(n int) {
	v := n // @moved
	sinkInt = &v
}

//go:noinline
func madeParameter(a int, b int) { // @moved-parameter
	sinkInt = &b
	theInt = a
}

//go:noinline
func madeParameters( // @moved-parameters.func
	a int, // @moved-parameters.a
	b string, // @moved-parameters.b
) {
	sinkInt = &a
	sink = &b
}

//go:noinline
func madeResult() (n int) { // @moved-result
	sinkInt = &n
	return 3
}

//go:noinline
func madeMovedString() {
	s := long // @moved-string
	sink = &s
}

//go:noinline
func madeMovedArray() {
	var a [5]int // @moved-array
	sink = &a
}

var sinkInt32 *int32

// Small variables without pointers share one object since 1.25.
//
//go:noinline
func madeMerged() {
	var a, b int // @merged
	sinkInt = &a
	sinkInt = &b
}

//go:noinline
func madeMergedFour() {
	var a, b, c, d int32 // @merged-four
	sinkInt32 = &a
	sinkInt32 = &b
	sinkInt32 = &c
	sinkInt32 = &d
}

//go:noinline
func madeMergedApart(b bool) {
	var first int // @merged-apart.first
	sinkInt = &first
	if b {
		var second int // @merged-apart.second
		sinkInt = &second
	}
}

//go:noinline
func madeMergedMixed() {
	var a int    // @merged-mixed.small
	var s string // @merged-mixed.string
	var b int    // @merged-mixed.other
	sinkInt = &a
	sink = &s
	sinkInt = &b
}

// Three of eight bytes: two fit together.
//
//go:noinline
func madeMergedSpread() {
	a := ten     // @merged-spread.a
	b := ten + 1 // @merged-spread.b
	c := ten + 2 // @merged-spread.c
	sinkInt = &a
	sinkInt = &b
	sinkInt = &c
}

//go:noinline
func madeMergedNextLine() {
	var a int32 // @merged-next-line.first
	sinkInt32 = &a
	theInt++
	var b int32 // @merged-next-line.second
	sinkInt32 = &b
}

//go:noinline
func madeLargeArray() {
	var a [11 << 20]byte // @large-array
	a[ten] = 1
	theInt += int(a[hundred])
}

//go:noinline
func madeLargeStays() {
	var a [128 << 10]byte // @large-stays
	a[ten] = 1
	theInt += int(a[hundred])
}

//go:noinline
func madeLargeMiddle() {
	var a [128<<10 + 1]byte // @large-middle
	a[ten] = 1
	theInt += int(a[hundred])
}

//go:noinline
func madeLargeNew() {
	a := new([64<<10 + 1]byte) // @large-new
	a[ten] = 1
	theInt += int(a[hundred])
}

func newPair(n int) *pair {
	return &pair{n, n} // @inlined.inside
}

func newPairs(n int) (*pair, *pair) {
	return newPair(n), newPair(n + 1) // @inlined-deep.inside
}

//go:noinline
func madeInlined() {
	sinkPair = newPair(ten) // @inlined
}

//go:noinline
func madeInlinedTwice() {
	keepPairs(newPair(ten), newPair(hundred)) // @inlined-twice
}

//go:noinline
func madeInlinedDeep() {
	sinkPair, sink = newPairs(ten) // @inlined-deep
}

//go:noinline
func madeInlinedStays() {
	p := newPair(ten) // @inlined-stays
	theInt = p.a
}

func moves(n int) *int {
	return &n // @inlined-moved.inside
}

//go:noinline
func madeInlinedMoved() {
	sinkInt = moves(ten) // @inlined-moved
}

type maker struct{ n int }

func (m maker) make() *pair {
	return &pair{m.n, m.n}
}

type builder struct{ n int }

func (b builder) build() *pair {
	return &pair{b.n, b.n} // @inlined-method.inside
}

//go:noinline
func madeInlinedMethod() {
	sinkPair = builder{ten}.build() // @inlined-method
}

//go:noinline
func madeOther() {
	sinkNode = lib.New(ten) // @other-package
}

//go:noinline
func madeOtherTwice() {
	sinkNode, sink = lib.Two(ten) // @other-package-twice
}

//go:noinline
func madeOtherHere() {
	sinkNode = lib.Here(ten) // @other-package-here
}

//go:noinline
func madeVendored() {
	sink = vendored.Make(ten)     // @vendored.inlined
	sink = vendored.MakeHere(ten) // @vendored.here
}

//go:noinline
func madeError() {
	sink = errors.New("message") // @error-new
}

//go:noinline
func madeInLoop() {
	for i := 0; i < 3; i++ {
		sinkPair = &pair{i, i} // @in-loop
	}
}

//go:noinline
func madeInCondition(b bool) {
	if b && keepPair(&pair{1, 1}) || keepPair(&pair{2, 2}) { // @in-condition
		theInt++
	}
}

//go:noinline
func keepPair(p *pair) bool {
	sinkPair = p
	return true
}

// The same kind, told apart by their sizes.
//
//go:noinline
func madeSizes() {
	keepInts(make([]int, 3), make([]int, 70)) // @sizes
}

//go:noinline
func keepInts(a, b []int) {
	sinkInts = a
	sinkInts = b
}

type other pair

//go:noinline
func madeConversion() {
	sink = (*other)(&pair{ten, ten}) // @conversion
}

func madeRecursive(n int) *link {
	if n == 0 {
		return nil
	}
	return &link{n, madeRecursive(n - 1)} // @recursive
}

//go:noinline
func madeField() {
	var p pair // @field-address
	sinkInt = &p.b
}

//go:noinline
func madeArray() {
	sink = [3]int{ten, ten, ten} // @array-literal
}

//go:noinline
func madeInPlace() {
	p := pair{ten, ten}
	q := &p // @struct-in-place
	theInt = q.a
}

func twoInts(n int) (*int, *int) {
	a := n     // @merged-inlined.a
	b := n + 1 // @merged-inlined.b
	return &a, &b
}

//go:noinline
func madeMergedInlined() {
	sinkInt, sink = twoInts(ten) // @merged-inlined
}

func counted(n int) (result int) { // @inlined-result.inside
	sinkInt = &result
	result = n
	return
}

//go:noinline
func madeInlinedResult() {
	theInt = counted(ten) // @inlined-result
}

func keepText(s string) {
	sink = &s
}

//go:noinline
func madeInlinedString() {
	keepText(long) // @moved-inlined-string
}
