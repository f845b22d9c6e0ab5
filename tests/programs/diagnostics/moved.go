package main

func moved(parameter int) (result int) { // @moved
	pointer = &parameter
	local := 2 // @moved-local
	pointer = &local
	pointer = &result
	var large [11 << 20]byte // @moved-large
	large[size] = 1
	result = int(large[size+1])
	return keeps(&local) + *leaks(&local) + content(&pair{}, &pointer) // @moved-return
}

//go:noinline
func keeps(p *int) int { // @keeps
	return *p
}

//go:noinline
func leaks(p *int) *int {
	return p
}

//go:noinline
func content(
	q *pair, // @content-q
	p **int,
) int {
	pointer = *p
	return q.a
}
