package main

type number interface{ ~int8 | ~int64 | ~float64 }

//go:noinline
func boxed[T number](v T) any {
	return v // @generic-box
}

//go:noinline
func cell[T any]() *T {
	return new(T) // @generic-new
}

//go:noinline
func generic() {
	any1 = boxed(int8(1))
	any1 = boxed(int64(2))
	any1 = boxed(3.5)
	any1 = cell[pair]()
	pointer = cell[int]()
	f := boxed[int8] // @generic-value
	any1 = f(3)
}
