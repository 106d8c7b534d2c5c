package web

// Field is one box of a form; the template "field" draws it with its label, help
// and what is wrong with it.
type Field struct {
	ID, Name, Label string
	// Type is that of the input: "text", "password", "email", …
	Type, Value string
	Help, Error string
	// Complete is the attribute autocomplete.
	Complete string
	Needed   bool
	Focus    bool
	Longest  int
}
