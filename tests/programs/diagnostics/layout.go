package main

//go:noinline
func layout() {
	pairs = &pair{ // @layout-first
		a: *new(int), // @layout-inner
		b: len(
			make([]int, // @layout-make
				size)),
	}
	many( // @layout-call
		size,          // @layout-operand
		pair{size, 1}, // @layout-struct
	)
	text, pointer = "far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far far ", new(int) // @layout-far
}

//line generated.y:100
func directive() *int {
	return new(int)
}

var _ = directive()
