package main

// ---- two slices that append builds on the stack, moved to the heap where both leave the function (since Go 1.26)

var (
	numbers  []int
	pointers []*int
	texts    []string
)

//go:noinline
func split(n int, p *int) ([]int, []*int) {
	var ints []int
	var ptrs []*int
	for i := 0; i < n; i++ {
		if i%2 == 0 {
			ints = append(ints, i) // @moved-numbers
		} else {
			ptrs = append(ptrs, p) // @moved-pointers
		}
	}
	return ints, ptrs // @moved
}

//go:noinline
func splitTexts(n int, p *int, s string) ([]string, []*int) {
	var strs []string
	var ptrs []*int
	for i := 0; i < n; i++ {
		if i%2 == 0 {
			strs = append(strs, s) // @moved-texts
		} else {
			ptrs = append(ptrs, p) // @moved-others
		}
	}
	return strs, ptrs
}

func moved(i int) {
	numbers, pointers = split(4, &i)
	texts, pointers = splitTexts(2, &i, "text")
}
