package store

import (
	"context"
	"database/sql"
)

// A Driver is a database below the level of SQL. Package sqlite and package
// postgres have one each.
type Driver interface {
	// View lends a connection without a transaction.
	View(ctx context.Context, fn func(Conn) error) error
	// Update lends a connection in a transaction, which is durable when Update
	// returns nil. ErrRetry from fn or from the database runs fn again.
	Update(ctx context.Context, fn func(Conn) error) error
	// Mark returns a number that changes when anybody may have committed.
	Mark(ctx context.Context) (uint64, error)
	// Migrations returns a pool for goose, which the caller closes.
	Migrations() (Pool, error)
	Close() error
}

// A Pool is a connection pool of the standard library.
type Pool struct {
	*sql.DB
	Goose string // goose's name of the database
}

// A Conn runs statements. Arguments are nil, int64, int, string, []byte,
// identity.ID and identity.OrgID.
type Conn interface {
	// Query runs a statement that returns rows. The rows must be closed before
	// the next statement.
	Query(ctx context.Context, q Statement) (Rows, error)
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, q Statement) (int64, error)
	// Queue runs a statement whose outcome the caller does not wait for; its
	// error may come from the next call or from the end of the transaction. If
	// q.Want is over 0 and another number of rows was changed, that is ErrRetry.
	Queue(ctx context.Context, q Statement) error
	// Later runs a statement when the transaction ends, after all others.
	Later(ctx context.Context, q Statement) error
	// Savepoint runs fn and undoes its statements if it fails.
	Savepoint(ctx context.Context, fn func() error) error
}

// A Statement is one SQL statement with its arguments.
type Statement struct {
	SQL  string
	Args []any
	// Fresh asks for a plan made for these very arguments, which is worth its
	// price for statements that the filter compiler wrote.
	Fresh bool
	Want  int64 // see Conn.Queue
}

// Rows are the result of a query. Columns are counted from 0. What Bytes returns
// is valid until the next call of Next or Close, and nil for NULL.
type Rows interface {
	Next() bool
	Int(col int) int64
	Bytes(col int) []byte
	Close() error // also returns the error that ended Next
}

// Taken is the error of a statement that broke a unique constraint.
type Taken struct {
	// Constraint is the name of the table and of the last column of the
	// constraint, joined by an underscore.
	Constraint string
	Err        error
}

func (e *Taken) Error() string { return e.Err.Error() }
func (e *Taken) Unwrap() error { return e.Err }

// A Dialect holds all that differs between the databases in SQL. In conditions
// that the filter compiler uses ? stands for a parameter.
type Dialect struct {
	Name     string // "sqlite", "postgres"
	Contains string // the column %s contains the parameter
	// Trigram returns a condition on resource r and the value of its parameter:
	// true for every row whose keys contain text, which has at least three
	// characters.
	Trigram func(text string) (condition, value string)
	// Few is the condition that r.id is one of the few ids that a query %s yields;
	// they are looked up whatever the database guesses about their number.
	Few string
	// Search keeps the trigram index where the database does not do so itself.
	Search Search
	Lock   string // appended to SELECT, keeps other writers off the rows
	Notify string // tells other nodes to look at the epoch
}

// Search holds the statements for a trigram index that the database does not
// keep itself. The parameters are the organisation, the type and the id of a
// resource unless it says otherwise.
type Search struct {
	Insert string
	Delete string
	Clear  string // takes an organisation
	// Find takes what Trigram returned and a limit, and yields the numbers of the
	// rows that it lets through.
	Find string
	// Among is the condition that the resource is one of the rows with the
	// numbers %s.
	Among string
}
