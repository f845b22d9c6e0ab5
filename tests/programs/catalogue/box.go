package main

import "strings"

func init() {
	register("box-const", boxConst)
	register("box-const-string", boxConstString)
	register("box-const-named", boxConstNamed)
	register("box-known", boxKnown)
	register("box-const-struct", boxConstStruct)
	register("box-small", func() { boxSmall(200) })
	register("box-large", func() { boxLarge(1000) })
	register("box-edge", func() { boxEdge(255 + zero) })
	register("box-float-zero", func() { boxFloatZero(0) })
	register("box-float", func() { boxFloat(3.5) })
	register("box-byte", func() { boxByte(byte(hundred)) })
	register("box-bool", func() { boxBool(yes) })
	register("box-int16", func() { boxInt16(int16(hundred)) })
	register("box-int16-large", func() { boxInt16Large(int16(hundred * 10)) })
	register("box-int32", func() { boxInt32(int32(hundred)) })
	register("box-int32-large", func() { boxInt32Large(int32(hundred * 10)) })
	register("box-empty", func() { boxEmpty(short[:zero]) })
	register("box-string", func() { boxString(short) })
	register("box-nil", func() { boxNil(nil) })
	register("box-slice", func() { boxSlice(longBytes) })
	register("box-zero-size", func() { boxZeroSize(struct{}{}) })
	register("box-pair", func() { boxPair(pair{hundred, ten}) })
	register("box-link", func() { boxLink(link{value: hundred}) })
	register("box-array", func() { boxArray([3]int{hundred}) })
	register("box-named", func() { boxNamed(kind(hundred)) })
	register("box-pointer", func() { boxPointer(&theInt) })
	register("box-pointer-struct", func() { boxPointerStruct(&theInt) })
	register("box-map", func() { boxMap(theMap) })
	register("box-func", func() { boxFunc(boxConst) })
	register("box-chan", func() { boxChan(theChan) })
	register("box-variadic", func() { boxVariadic(hundred*10, long, yes) })
	register("box-variadic-lines", func() { boxVariadicLines(hundred*10, long, 2.5) })
	register("box-variadic-stays", func() { boxVariadicStays(hundred*10, long) })
	register("box-same-twice", func() { boxSameTwice(hundred * 10) })
	register("box-mixed", func() { boxMixed(hundred*10, ten) })
	register("box-dead", func() { boxDead(hundred * 10) })
	register("box-never", func() { boxNever(hundred * 10) })
	register("box-branch", func() { boxBranch(hundred*10, yes) })
	register("box-error", func() { boxError(hundred * 10) })
	register("box-return", func() { sink = boxReturn(hundred * 10) })
	register("box-compare", func() { boxCompare(hundred * 10) })
	register("box-map-key", func() { boxMapKey(hundred * 10) })
	register("box-inlined", func() { boxInlined(hundred * 10) })
	register("box-again", func() { boxAgain(hundred * 10) })
	register("box-builder", func() { boxBuilder(long) })
	register("box-panic", func() { boxPanic(hundred) })
	register("box-nested", func() { boxNested(hundred*10, long) })
	register("box-and-concat", func() { boxAndConcat(ten, long) })
	register("box-and-method", func() { boxAndMethod(ten, maker{hundred}) })
	register("box-and-literal", func() { boxAndLiteral(ten) })
	register("box-one-of-two", func() { boxOneOfTwo(ten, long) })
	register("box-calls", func() { boxCalls(hundred*10, long) })
}

var (
	theInt  int
	theMap  = map[int]int{}
	theChan = make(chan int)
)

type kind int

const last kind = 31

//go:noinline
func boxConst() {
	sink = 12345 // @box-const
}

//go:noinline
func boxConstString() {
	sink = "constant" // @box-const-string
}

//go:noinline
func boxConstNamed() {
	sink = last // @box-const-named
}

//go:noinline
func boxKnown() {
	v := 12345
	sink = v // @box-known
}

//go:noinline
func boxConstStruct() {
	sink = pair{1, 2} // @box-const-struct
}

//go:noinline
func boxSmall(n int) {
	sink = n // @box-small
}

//go:noinline
func boxLarge(n int) {
	sink = n // @box-large
}

// 255 is the last that costs nothing.
//
//go:noinline
func boxEdge(n int) {
	sink = n     // @box-edge.free
	sink = n + 1 // @box-edge.made
}

//go:noinline
func boxFloatZero(f float64) {
	sink = f // @box-float-zero
}

//go:noinline
func boxFloat(f float64) {
	sink = f // @box-float
}

//go:noinline
func boxByte(b byte) {
	sink = b // @box-byte
}

//go:noinline
func boxBool(b bool) {
	sink = b // @box-bool
}

//go:noinline
func boxInt16(n int16) {
	sink = n // @box-int16
}

//go:noinline
func boxInt16Large(n int16) {
	sink = n // @box-int16-large
}

//go:noinline
func boxInt32(n int32) {
	sink = n // @box-int32
}

//go:noinline
func boxInt32Large(n int32) {
	sink = n // @box-int32-large
}

//go:noinline
func boxEmpty(s string) {
	sink = s // @box-empty
}

//go:noinline
func boxString(s string) {
	sink = s // @box-string
}

//go:noinline
func boxNil(b []byte) {
	sink = b // @box-nil
}

//go:noinline
func boxSlice(b []byte) {
	sink = b // @box-slice
}

//go:noinline
func boxZeroSize(e struct{}) {
	sink = e // @box-zero-size
}

//go:noinline
func boxPair(p pair) {
	sink = p // @box-pair
}

//go:noinline
func boxLink(l link) {
	sink = l // @box-link
}

//go:noinline
func boxArray(a [3]int) {
	sink = a // @box-array
}

//go:noinline
func boxNamed(k kind) {
	sink = k * 10 // @box-named
}

//go:noinline
func boxPointer(p *int) {
	sink = p // @box-pointer
}

//go:noinline
func boxPointerStruct(p *int) {
	sink = struct{ p *int }{p} // @box-pointer-struct
}

//go:noinline
func boxMap(m map[int]int) {
	sink = m // @box-map
}

//go:noinline
func boxFunc(f func()) {
	sink = f // @box-func
}

//go:noinline
func boxChan(c chan int) {
	sink = c // @box-chan
}

//go:noinline
func keep(args ...interface{}) {
	for _, arg := range args {
		sink = arg
	}
}

//go:noinline
func look(args ...interface{}) int {
	return len(args)
}

// Of a bool there is no call, but the line does not tell which of the three is the bool.
//
//go:noinline
func boxVariadic(n int, s string, b bool) {
	keep(n, s, b) // @box-variadic
}

//go:noinline
func boxVariadicLines(n int, s string, f float64) {
	keep( // @box-variadic-lines.call
		n, // @box-variadic-lines.n
		s, // @box-variadic-lines.s
		f, // @box-variadic-lines.f
	)
}

//go:noinline
func boxVariadicStays(n int, s string) {
	zero += look(n, s) - 2 // @box-variadic-stays
}

//go:noinline
func boxSameTwice(n int) {
	keep(n, n) // @box-same-twice
}

// One costs nothing and one does: which of them is which is told by their order alone.
//
//go:noinline
func boxMixed(large, small int) {
	keep(small, "between", large) // @box-mixed
}

//go:noinline
func boxDead(n int) {
	if false {
		sink = n // @box-dead
	}
}

//go:noinline
func boxNever(n int) {
	if zero != 0 {
		sink = n // @box-never
	}
}

//go:noinline
func boxBranch(n int, b bool) {
	if b {
		sink = n // @box-branch.taken
	} else {
		sink = n + 1 // @box-branch.other
	}
}

type failure struct{ code int }

func (f failure) Error() string { return "failure" }

//go:noinline
func fail(code int) error {
	return failure{code} // @box-error.return
}

//go:noinline
func boxError(code int) {
	if fail(code) != nil {
		theInt++
	}
}

//go:noinline
func boxReturn(n int) interface{} {
	return n // @box-return
}

//go:noinline
func boxCompare(n int) {
	if sink == interface{}(n) { // @box-compare
		theInt++
	}
}

//go:noinline
func boxMapKey(n int) {
	m := map[interface{}]int{}
	m[n] = 1      // @box-map-key.put
	theInt = m[n] // @box-map-key.get
}

func boxed(n int) interface{} {
	return n // @box-inlined.inside
}

//go:noinline
func boxInlined(n int) {
	sink = boxed(n) // @box-inlined
}

//go:noinline
func boxAgain(n int) {
	for i := 0; i < 3; i++ {
		sink = n + i // @box-again
	}
}

// The text of a panic inside inlined library code is reported on the line that it was inlined into.
//
//go:noinline
func boxBuilder(s string) {
	var b strings.Builder
	b.WriteByte('x') // @box-builder.byte
	theInt = b.Len()
}

// The error of the runtime.
//
//go:noinline
func boxPanic(n int) {
	defer catch()
	sinkInt = &table[n] // @box-panic
}

var table = make([]int, 7)

func catch() { recover() }

//go:noinline
func describe(args ...interface{}) string {
	sink = args[0]
	return long
}

// What is inside is evaluated first, though it stands behind.
//
//go:noinline
func boxNested(n int, s string) {
	keep(n, describe(s)) // @box-nested
}

//go:noinline
func boxAndConcat(n int, s string) {
	keep(n, s+"!") // @box-and-concat
}

//go:noinline
func boxAndMethod(n int, m maker) {
	keep(n, m.make) // @box-and-method
}

//go:noinline
func boxAndLiteral(n int) {
	keep(n, list{n, n}) // @box-and-literal
}

//go:noinline
func boxOneOfTwo(n int, s string) {
	keep(n) // @box-one-of-two.small
	keep(s) // @box-one-of-two.string
}

//go:noinline
func boxCalls(n int, s string) {
	keep(n, len(s)*100, s) // @box-calls
}
