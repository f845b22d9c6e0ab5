package main

import "example.com/diagnostics/lib"

//go:noinline
func box(n int, p pair) { // @box
	any1 = n              // @box-int
	any1 = p              // @box-struct
	any1 = p.a            // @box-field
	any1 = 12345          // @box-constant
	any1 = "a: 5:6: b"    // @box-text
	any1 = make([]int, 3) // @box-make
	any1 = []int{1, n}    // @box-slice
	any1 = &p             // @box-pointer
	any1 = n + 1          // @box-sum
	v := 7
	any1 = v         // @box-variable
	lib.Keep(n, "b") // @box-variadic
	many(1, n)       // @box-many
	many()
}

//go:noinline
func many(values ...any) { // @many
	if len(values) > 0 {
		any1 = values[0]
	}
}

//go:noinline
func look(v any) bool { // @look
	return v == nil
}

//go:noinline
func stay(n int, p pair) bool { // @stay
	return look(n) && // @stay-first
		look(p) && // @stay-second
		look(p.b) && // @stay-field
		look(12) && // @stay-constant
		look(n) // @stay-last
}
