package main

func init() {
	register("one-text", func() { oneText(long) })
	register("order-text", func() { orderText(long, short) })
	register("order-box", func() { orderBox(hundred*10, long) })
	register("order-literal", func() { orderLiteral(hundred*10, long) })
	register("order-put", func() { orderPut(long, short) })
	register("order-append", func() { orderAppend(hundred*10, long) })
	register("order-panic", func() { orderPanic(ten) })
	register("order-inlined", func() { orderInlined(nil) })
	register("order-functions", func() { orderFunctions(ten) })
	register("doubled-text", func() { doubledText(hundred*10, long) })
	register("doubled-slice", func() { doubledSlice(hundred*10, long) })
	register("generic-two", genericTwo)
}

type message struct{ text string }

type couple struct{ first, second interface{} }

// What has nothing but one string in it is boxed like that string.
//
//go:noinline
func oneText(s string) {
	sink = message{s} // @one-text
}

//go:noinline
func holdText(s string) string { sinkString = s; return s }

//go:noinline
func holdTexts(a, b string) { sinkString, theInt = a, len(b) }

//go:noinline
func holdAny(v interface{}) interface{} { sink = v; return v }

// What is in a call is made before what stands beside it.
//
//go:noinline
func orderText(a, b string) {
	holdTexts(a+b, holdText(a+a+b)) // @order-text
}

//go:noinline
func orderBox(n int, s string) {
	sink = couple{n, holdAny(s)} // @order-box
}

//go:noinline
func orderLiteral(n int, s string) {
	keep(n, couple{s, n + 1}) // @order-literal
}

var texts = map[string]string{"": ""}

//go:noinline
func orderPut(a, b string) {
	texts[a+b] = b + a + a // @order-put
	delete(texts, a+b)
}

//go:noinline
func orderAppend(n int, s string) {
	var list []interface{}
	list = append(append(list, s), n) // @order-append
	sink = list
}

//go:noinline
func stop(p *pair) *pair { sink = p; panic("stop") }

//go:noinline
func holdPairs(a, b *pair) { sink, sinkPair = a, b }

//go:noinline
func orderPanic(n int) {
	defer catch()
	holdPairs(&pair{n, 1}, stop(&pair{n, 2})) // @order-panic
}

func orNew(p *pair) *pair {
	if p == nil {
		return &pair{1, 2}
	}
	return p
}

//go:noinline
func orderInlined(p *pair) {
	sink = orNew(orNew(p)) // @order-inlined
}

//go:noinline
func callThrice(f func(int) *pair, p *pair) {
	sink = p
	for i := 0; i < 3; i++ {
		sink = f(i)
	}
}

// The diagnostics name the function since Go 1.25.
//
//go:noinline
func orderFunctions(n int) {
	callThrice(func(i int) *pair { return &pair{i, n} }, &pair{n, n}) // @order-functions
}

// Said of what is made and of boxing it, in the same words.
//
//go:noinline
func doubledText(n int, s string) {
	keep(s+"x", n) // @doubled-text
}

//go:noinline
func doubledSlice(n int, s string) {
	sink = []interface{}{n, []interface{}{s}} // @doubled-slice
}

type holderOf[T any] struct{ value T }

//go:noinline
func twoOf[T any](v T) (*holderOf[T], *holderOf[T]) {
	return &holderOf[T]{v}, &holderOf[T]{v} // @generic-two.inside
}

//go:noinline
func genericTwo() {
	for i := 0; i < 3; i++ {
		a, b := twoOf(ten)
		sink = a
		sink = b
	}
	a, b := twoOf(long)
	sink = a
	sink = b
}
