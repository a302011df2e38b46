-- name: store_ledger_list :many
SELECT room, version, checksum FROM store_ledger ORDER BY room, version;

-- name: store_ledger_add :exec
INSERT INTO store_ledger (room, version, name, checksum, applied_ms)
VALUES ($room, $version, $name, $checksum, $applied_ms);

-- The structure of the database as lines of text, SQLite only: it compares two SQLite files.
-- name: store_schema_lines :many
SELECT 'table ' || m.name || ' column ' || c.name || ' ' || c.type || ' notnull=' || c."notnull"
       || ' default=' || COALESCE(c.dflt_value, 'none') || ' pk=' || c.pk || ' hidden=' || c.hidden
       AS line
  FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'
UNION ALL
SELECT 'table ' || m.name || ' index ' || i.name || ' unique=' || i."unique" || ' origin='
       || i.origin || ' partial=' || i.partial || ' part=' || x.seqno || ' '
       || COALESCE(x.name, 'expression') || ' desc=' || x."desc" || ' collate=' || x.coll
  FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) x
 WHERE m.type = 'table' AND x.key = 1
UNION ALL
SELECT 'table ' || m.name || ' foreign ' || f.id || '.' || f.seq || ' ' || f."from" || ' -> '
       || f."table" || '.' || COALESCE(f."to", 'key') || ' delete=' || f.on_delete
       || ' update=' || f.on_update
  FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
UNION ALL
SELECT m.type || ' ' || m.name || ' on ' || m.tbl_name || ' ' || m.sql
  FROM sqlite_master m WHERE m.type IN ('view', 'trigger')
ORDER BY line;
