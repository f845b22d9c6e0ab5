package main

import "fmt"

// A1 to A4: pointers, interfaces, closures and sizes.

func callA1() { a1() }

//go:noinline
func a1() *int {
	local := 1000 // @A1
	return &local
}

//go:noinline
func a2() {
	text := "a local string"
	fmt.Fprintf(out, "%v\n", text) // @A2
}

//go:noinline
func a2b() {
	text := "a local string"        // @A2b
	fmt.Fprintf(out, "%p\n", &text) // @A2b-print
}

// counter is small enough to be inlined; a copy of its own is compiled all the same and dropped by the linker.
func counter() func() int {
	count := 0          // @A3-outlined-variable
	return func() int { // @A3-outlined-closure
		count++
		return count
	}
}

//go:noinline
func a3() {
	next := counter()         // @A3-inlined
	fmt.Fprintln(out, next()) // @A3-print
}

//go:noinline
func a4small() {
	numbers := make([]int, 100) // @A4-100
	fill(numbers)
}

//go:noinline
func a4large() {
	numbers := make([]int, 1000000) // @A4-1e6
	fill(numbers)
}

//go:noinline
func a4variable() {
	n := 10
	numbers := make([]int, n) // @A4-var
	fill(numbers)
}

//go:noinline
func fill(numbers []int) {
	for i := 0; i < len(numbers); i += 1000 {
		numbers[i] = i
	}
}
