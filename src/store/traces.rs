//! The less obvious places where people are named: what servers said of letters that came back, blocks of addresses,
//! facts that end in an address, names of files. The mails, letters and answers themselves are emptied in
//! `redaction`, whose scope holds here too.

use super::{
    StoreError, Tx,
    columns::Columns,
    redaction::{NOBODY, Scope, letters_of_scope, rows},
};

/// Forgets to whom letters came back, and what servers said of it; that they did stays.
pub async fn empty_notes(tx: &mut Tx, scope: &Scope) -> Result<u64, StoreError> {
    let done = sqlx::query(concat!(
        "
            UPDATE delivery_note
            SET recipient = $4, detail = ''
            WHERE message IN (
                      SELECT id
                      FROM message
                      WHERE ($1 = '' OR agency = $1) AND ($2 = '' OR campaign = $2) AND received_at < $3
                        AND state = 'done' AND held IS NULL
                  )
               OR letter IN (
                      SELECT letter.id
                      FROM letter
                      WHERE ",
        letters_of_scope!(),
        "
                  )
            "
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .bind(NOBODY)
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}

/// Empties the bytes of the bounces of these letters, which name whom they did not reach, and their senders' words.
pub async fn empty_bounces(tx: &mut Tx, scope: &Scope) -> Result<u64, StoreError> {
    let done = sqlx::query(concat!(
        "
            UPDATE message_raw
            SET raw = $4
            WHERE LENGTH(raw) > 0
              AND message IN (
                  SELECT delivery_note.message
                  FROM delivery_note
                  JOIN letter ON letter.id = delivery_note.letter
                  WHERE ",
        letters_of_scope!(),
        "
              )
              AND NOT EXISTS (SELECT 1 FROM message WHERE message.id = message_raw.message AND message.held IS NOT NULL)
            "
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .bind(Vec::<u8>::new())
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}

/// Addresses of people: who wrote the mails, who got the letters, and what was learned.
pub async fn addresses(tx: &mut Tx, scope: &Scope) -> Result<Vec<String>, StoreError> {
    let found = sqlx::query(concat!(
        "
        SELECT LOWER(from_address) AS address
        FROM message
        WHERE ($1 = '' OR agency = $1) AND ($2 = '' OR campaign = $2) AND received_at < $3 AND state = 'done'
          AND held IS NULL AND from_address IS NOT NULL
        UNION
        SELECT LOWER(recipient) AS address
        FROM letter
        WHERE ",
        letters_of_scope!(),
        "
        UNION
        SELECT address
        FROM learned_address
        WHERE ($1 = '' OR agency = $1) AND ($2 = '' OR campaign = $2) AND learned_at < $3
        "
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .fetch_all(tx.connection())
    .await?;
    found.iter().map(|row| Columns(row).text("address")).collect()
}

/// Takes what a server said about an address out of its block.
pub async fn empty_block(tx: &mut Tx, address: &str) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE address_block
        SET reason = ''
        WHERE address = $1
        ",
    )
    .bind(address)
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Facts of letters that name an address; the letters are on their way no more.
pub async fn facts_with_addresses(tx: &mut Tx, scope: &Scope) -> Result<Vec<(i64, String)>, StoreError> {
    let found = sqlx::query(concat!(
        "
            SELECT id, fact
            FROM letter
            WHERE ",
        letters_of_scope!(),
        "
              AND (agency IS NOT NULL OR message IS NOT NULL) AND fact LIKE '%@%'
            ORDER BY id
            "
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .fetch_all(tx.connection())
    .await?;
    found.iter().map(|row| Ok((Columns(row).number("id")?, Columns(row).text("fact")?))).collect()
}

/// Gives a letter's fact other words.
pub async fn reword_fact(tx: &mut Tx, letter: i64, fact: &str) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE letter
        SET fact = $2
        WHERE id = $1
        ",
    )
    .bind(letter)
    .bind(fact)
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Forgets the names of files; their hashes stay.
pub async fn forget_file_names(tx: &mut Tx, scope: &Scope) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "
        UPDATE report
        SET file_name = NULL
        WHERE ($1 = '' OR agency = $1) AND ($2 = '' OR campaign = $2) AND received_at < $3
        ",
    )
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}
