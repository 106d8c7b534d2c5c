package query

import (
	"fmt"
	"strconv"
	"strings"
)

// Expected is what should have stood where a query cannot be understood.
type Expected string

// What may have been expected.
const (
	ExpectedCondition Expected = "condition" // a word, a phrase, field:value or "("
	ExpectedClosing   Expected = "closing"   // ")"
	ExpectedOpening   Expected = "opening"   // "(" before this ")"
	ExpectedQuote     Expected = "quote"     // the closing quotation mark
	ExpectedField     Expected = "field"     // a known field before ":"; see Nearest
	ExpectedValue     Expected = "value"     // a value after ":"
	ExpectedKnown     Expected = "known"     // one of Known
	ExpectedTime      Expected = "time"      // a date or time
	ExpectedShorter   Expected = "shorter"   // at most MaxBytes bytes
	ExpectedFewer     Expected = "fewer"     // at most MaxTerms conditions
	ExpectedShallower Expected = "shallower" // at most MaxDepth brackets in one another
)

// SyntaxError says where a query cannot be understood, and why.
type SyntaxError struct {
	// Pos is the number of characters before the place.
	Pos int
	// Expected is what should have stood there, Found what did: a part of
	// the query, shortened; empty at its end.
	Expected Expected
	Found    string
	// Field is the field whose value it is about.
	Field string
	// Nearest is the known name that is most like Found; Known are all that
	// may stand there. Both only where a name was expected.
	Nearest string
	Known   []string
}

// Error gives the message in English.
func (e *SyntaxError) Error() string { return e.Message("en") }

// Message gives the reason as one sentence in Japanese ("ja") or English.
// Positions are counted from 1.
func (e *SyntaxError) Message(lang string) string {
	at, known := e.Pos+1, strings.Join(e.Known, ", ")
	if lang == "ja" {
		known = strings.Join(e.Known, "、")
		switch e.Expected {
		case ExpectedCondition:
			if e.Found == "" {
				return "検索条件が途中で終わっています。語句または「項目:値」を続けてください。"
			}
			return fmt.Sprintf("%d 文字目の「%s」の前に、語句または「項目:値」が必要です。", at, e.Found)
		case ExpectedClosing:
			return fmt.Sprintf("%d 文字目の「(」に対応する「)」がありません。", at)
		case ExpectedOpening:
			return fmt.Sprintf("%d 文字目の「)」に対応する「(」がありません。", at)
		case ExpectedQuote:
			return fmt.Sprintf("%d 文字目から始まる引用符が閉じられていません。", at)
		case ExpectedField:
			return fmt.Sprintf("「%s」という項目はありません。「%s」ではありませんか。語句として検索する場合は引用符で囲んでください。", e.Found, e.Nearest)
		case ExpectedValue:
			return fmt.Sprintf("「%s:」の後に値が必要です（%d 文字目）。", e.Field, at)
		case ExpectedKnown:
			return fmt.Sprintf("「%s:」に「%s」は指定できません。指定できる値は %s です。", e.Field, e.Found, known)
		case ExpectedTime:
			return fmt.Sprintf("「%s:」の「%s」は日時として読み取れません。2026-11-01、2026-11-01T09:00、7d（7 日前）のように指定してください。", e.Field, e.Found)
		case ExpectedShorter:
			return fmt.Sprintf("検索条件が長すぎます。%s バイト以内にしてください。", strconv.Itoa(MaxBytes))
		case ExpectedFewer:
			return fmt.Sprintf("条件が多すぎます。%d 個以内にしてください。", MaxTerms)
		case ExpectedShallower:
			return fmt.Sprintf("括弧または否定の入れ子が深すぎます。%d 段以内にしてください。", MaxDepth)
		}
		return fmt.Sprintf("%d 文字目を解釈できません。", at)
	}
	switch e.Expected {
	case ExpectedCondition:
		if e.Found == "" {
			return "The query ends too soon: a word or field:value should follow."
		}
		return fmt.Sprintf("A word or field:value should stand before “%s” (character %d).", e.Found, at)
	case ExpectedClosing:
		return fmt.Sprintf("The bracket “(” at character %d is not closed.", at)
	case ExpectedOpening:
		return fmt.Sprintf("There is no “(” for the “)” at character %d.", at)
	case ExpectedQuote:
		return fmt.Sprintf("The quotation mark at character %d is not closed.", at)
	case ExpectedField:
		return fmt.Sprintf("There is no field “%s”. Did you mean “%s”? To search for the words, put them in quotation marks.", e.Found, e.Nearest)
	case ExpectedValue:
		return fmt.Sprintf("A value should stand after “%s:” (character %d).", e.Field, at)
	case ExpectedKnown:
		return fmt.Sprintf("“%s” cannot be asked of “%s:”. The values are %s.", e.Found, e.Field, known)
	case ExpectedTime:
		return fmt.Sprintf("“%s” after “%s:” is no date or time. Write 2026-11-01, 2026-11-01T09:00 or 7d (seven days ago).", e.Found, e.Field)
	case ExpectedShorter:
		return fmt.Sprintf("The query is too long: at most %d bytes.", MaxBytes)
	case ExpectedFewer:
		return fmt.Sprintf("The query has too many conditions: at most %d.", MaxTerms)
	case ExpectedShallower:
		return fmt.Sprintf("Brackets or negations stand too deep in one another: at most %d.", MaxDepth)
	}
	return fmt.Sprintf("The query cannot be understood at character %d.", at)
}

// shortened is a part of a query as an error shows it.
func shortened(part []rune) string {
	const most = 40
	if len(part) > most {
		return string(part[:most]) + "…"
	}
	return string(part)
}
