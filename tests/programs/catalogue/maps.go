package main

func init() {
	register("map-stays", mapStays)
	register("map-outgrown", mapOutgrown)
	register("map-hint-small", mapHintSmall)
	register("map-hint", mapHint)
	register("map-hint-variable", func() { mapHintVariable(hundred) })
	register("map-escapes", mapEscapes)
	register("map-escapes-hint", mapEscapesHint)
	register("map-escapes-filled", mapEscapesFilled)
	register("map-escapes-grown", mapEscapesGrown)
	register("map-literal", mapLiteral)
	register("map-literal-escapes", mapLiteralEscapes)
	register("map-literal-many", mapLiteralMany)
	register("map-literal-lines", mapLiteralLines)
	register("map-large-value", mapLargeValue)
	register("map-of-slices", mapOfSlices)
	register("map-assign", mapAssign)
	register("map-strings", mapStrings)
	register("map-boxed", mapBoxed)
	register("map-named", mapNamed)
}

//go:noinline
func mapStays() {
	m := map[int]int{} // @map-stays.map
	m[ten] = 1         // @map-stays.put
	theInt = m[three]
}

//go:noinline
func mapOutgrown() {
	m := map[int]int{} // @map-outgrown.map
	for i := 0; i < 30; i++ {
		m[i] = i // @map-outgrown.put
	}
	theInt = m[three]
}

//go:noinline
func mapHintSmall() {
	m := make(map[int]int, 8) // @map-hint-small
	m[ten] = 1
	theInt = m[three]
}

//go:noinline
func mapHint() {
	m := make(map[int]int, 9) // @map-hint
	m[ten] = 1
	theInt = m[three]
}

//go:noinline
func mapHintVariable(n int) {
	m := make(map[int]int, n) // @map-hint-variable
	m[ten] = 1
	theInt = m[three]
}

//go:noinline
func mapEscapes() {
	sinkMap = map[int]int{} // @map-escapes
}

//go:noinline
func mapEscapesHint() {
	sinkMap = make(map[int]int, 100) // @map-escapes-hint
}

//go:noinline
func mapEscapesFilled() {
	m := map[int]int{} // @map-escapes-filled.map
	m[ten] = 1         // @map-escapes-filled.put
	sinkMap = m
}

//go:noinline
func mapEscapesGrown() {
	m := map[int]int{} // @map-escapes-grown.map
	for i := 0; i < 30; i++ {
		m[i] = i // @map-escapes-grown.put
	}
	sinkMap = m
}

//go:noinline
func mapLiteral() {
	m := map[int]int{ten: 1, three: 2} // @map-literal
	theInt = m[three]
}

//go:noinline
func mapLiteralEscapes() {
	sinkMap = map[int]int{ten: 1, three: 2} // @map-literal-escapes
}

// More constant entries than are worth a call each: they come out of an array.
//
//go:noinline
func mapLiteralMany() {
	sinkMap = map[int]int{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9, 10: 10, 11: 11, 12: 12, 13: 13, 14: 14, 15: 15, 16: 16, 17: 17, 18: 18, 19: 19, 20: 20, 21: 21, 22: 22, 23: 23, 24: 24, 25: 25, 26: 26, 27: 27, 28: 28, 29: 29} // @map-literal-many
}

//go:noinline
func mapLiteralLines() {
	sinkMap = map[int]int{ // @map-literal-lines.map
		ten:   1, // @map-literal-lines.first
		three: 2, // @map-literal-lines.second
	}
}

var largeMap map[int][17]int

//go:noinline
func mapLargeValue() {
	m := map[int][17]int{}   // @map-large-value.map
	m[ten] = [17]int{0: 1}   // @map-large-value.put
	m[three] = [17]int{0: 2} // @map-large-value.again
	largeMap = m
}

//go:noinline
func mapOfSlices() {
	m := map[int][]int{}       // @map-of-slices.map
	m[ten] = []int{ten}        // @map-of-slices.literal
	m[ten] = append(m[ten], 1) // @map-of-slices.append
	sink = m
}

var grown = map[int]int{}

//go:noinline
func mapAssign() {
	grown = map[int]int{}
	for i := 0; i < 30; i++ {
		grown[i] = i // @map-assign
	}
}

//go:noinline
func mapStrings() {
	m := map[string]string{} // @map-strings.map
	m[long] = short + long   // @map-strings.put
	sink = m
}

//go:noinline
func mapBoxed() {
	sink = map[int]int{} // @map-boxed
}

type index map[int]int

//go:noinline
func mapNamed() {
	sinkMap = index{} // @map-named
}
