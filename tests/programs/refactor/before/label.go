package main

// label makes something that stays the same.
//
//go:noinline
func label(i int) *string {
	s := string([]byte{'o', byte('0' + i%10), '-', 'o', 'r', 'd', 'e', 'r'}) // @label
	return &s
}
