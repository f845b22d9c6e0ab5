package main

// As generators write it: positions of other files, with columns and without.

//go:noinline
func directed(n int, s string) {
//line other.tmpl:100
	sink, other = append([]int(nil), n), append([]string(nil), s)
//line other.tmpl:200:5
	sink, other = append([]int(nil), n), append([]string(nil), s)
	/*line other.tmpl:300:20*/ sink, other = append([]int(nil), n), append([]string(nil), s)
}
