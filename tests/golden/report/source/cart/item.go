package cart

// Text for the tests of annotate: an item is made in line 21.

type Item struct {
	name  string
	price int
}

// 9
// 10
// 11
// 12
// 13
// 14
// 15

func newItem(price int) *Item {
	if price > 0 {
		// made here
		return &Item{name: "ä", price: price}
	}
	return nil
}
