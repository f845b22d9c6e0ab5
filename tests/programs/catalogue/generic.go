package main

import "example.com/escaudit/catalogue/lib"

func init() {
	register("generic-new", genericNew)
	register("generic-box", genericBox)
	register("generic-box-pointer", genericBoxPointer)
	register("generic-make", genericMake)
	register("generic-inlined", genericInlined)
	register("generic-method", genericMethod)
	register("generic-value", genericValue)
	register("generic-other-package", genericOther)
	register("generic-shared", genericShared)
	register("generic-moved", genericMoved)
	register("generic-closure", genericClosure)
	register("generic-convert", genericConvert)
}

//go:noinline
func newOf[T any](v T) *T {
	p := new(T) // @generic-new.inside
	*p = v
	return p
}

//go:noinline
func genericNew() {
	sinkInt = newOf(ten)
	sink = newOf(long)
	sink = newOf(pair{ten, ten})
}

//go:noinline
func boxOf[T any](v T) interface{} {
	return v // @generic-box.inside
}

//go:noinline
func genericBox() {
	sink = boxOf(hundred * 10)
	sink = boxOf(long)
}

//go:noinline
func pointerOf[T any](v T) interface{} {
	return v // @generic-box-pointer.inside
}

//go:noinline
func genericBoxPointer() {
	sink = pointerOf(sinkPair)
}

//go:noinline
func makeOf[T any](n int) []T {
	return make([]T, n) // @generic-make.inside
}

//go:noinline
func genericMake() {
	sinkInts = makeOf[int](ten)
	sinkPairs = makeOf[*pair](ten)
}

func inlineOf[T any](v T) *T { // @generic-inlined.inside
	return &v
}

//go:noinline
func genericInlined() {
	sinkInt = inlineOf(ten) // @generic-inlined.int
	sink = inlineOf(long)   // @generic-inlined.string
}

type stack[T any] struct{ items []T }

//go:noinline
func (s *stack[T]) push(v T) {
	s.items = append(s.items, v) // @generic-method.inside
}

//go:noinline
func genericMethod() {
	s := &stack[int]{} // @generic-method
	for i := 0; i < 3; i++ {
		s.push(i)
	}
	sink = s
}

//go:noinline
func valueOf[T any](v T) *T {
	return &v
}

//go:noinline
func apply(f func(int) *int) { sinkInt = f(ten) }

// A generic function as a value is a closure around its dictionary.
//
//go:noinline
func genericValue() {
	apply(valueOf[int]) // @generic-value
}

//go:noinline
func genericOther() {
	sinkPairs = lib.Map(sinkLongInts, func(n int) *pair { // @generic-other-package
		return &pair{n, n} // @generic-other-package.inside
	})
}

//go:noinline
func genericShared() {
	sinkInts, sinkInt = lib.Repeat(ten, 3)
	sinkInts, sinkInt = lib.Ones(3)
}

//go:noinline
func movedOf[T any](v T) *T { // @generic-moved.inside
	return &v
}

//go:noinline
func genericMoved() {
	sinkInt = movedOf(ten)
	sink = movedOf(long)
}

//go:noinline
func closureOf[T any](v T) func() T {
	return func() T { return v } // @generic-closure.inside
}

//go:noinline
func genericClosure() {
	sinkFunc = closureOf(ten)
}

//go:noinline
func textOf[T ~[]byte](v T) string {
	return string(v) // @generic-convert.inside
}

//go:noinline
func genericConvert() {
	sinkString = textOf(longBytes)
}
