from importlib import import_module

from django.db import migrations

from eventworx.databases import OnPostgreSQL

# As in 0017, and it marks where stock falls: at the start of what it reserves. Where something ends nothing falls for
# it; what stands at an instant that is there already may stay marked.
RESERVE = """
CREATE OR REPLACE FUNCTION inventory_reserve(
    company bigint, now timestamptz,
    articles bigint[], quantities integer[], labels text[], starts timestamptz[], ends timestamptz[]
) RETURNS SETOF inventory_reservation LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    beginning CONSTANT bigint := -62135596800000000;  -- the instant of every article's first step
    finish CONSTANT bigint := 253402300799999999;  -- the end of time
    claim record; first bigint; last bigint; lowest bigint;
BEGIN
    PERFORM FROM inventory_article WHERE tenant_id = company AND id = ANY (articles) ORDER BY id FOR NO KEY UPDATE;
    FOR claim IN
        SELECT asked.*, article.owned - article.out_of_service AS standing,
            asked.since - make_interval(mins => article.buffer_before_minutes) AS blocked_from,
            CASE article.kind WHEN 'sale' THEN TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'
            ELSE asked.until + make_interval(mins => article.buffer_after_minutes) END AS blocked_until, article.kind
        FROM unnest(articles, quantities, labels, starts, ends) WITH ORDINALITY
            asked (article, quantity, label, since, until, place)
        LEFT JOIN inventory_article article ON article.id = asked.article AND article.tenant_id = company
        ORDER BY asked.place
    LOOP
        first := extract(epoch FROM claim.blocked_from) * 1000000;
        last := extract(epoch FROM claim.blocked_until) * 1000000;
        SELECT COALESCE(min(added - out_of_service - reserved), 0) INTO lowest FROM inventory_stockstep
        WHERE article_id = claim.article AND instant < last AND instant >= COALESCE((
            SELECT instant FROM inventory_stockstep WHERE article_id = claim.article AND instant <= first
            ORDER BY instant DESC LIMIT 1), beginning);
        IF (claim.quantity <= claim.standing + lowest AND beginning < first
            AND (last < finish OR claim.kind = 'sale') AND NOT EXISTS (
            SELECT FROM inventory_reservation WHERE article_id = claim.article AND (
                expires_at > now OR (handed_over_at IS NOT NULL AND returned_at IS NULL AND blocked_until <= now))
        )) IS NOT TRUE THEN
            RAISE EXCEPTION USING ERRCODE = 'EWX00';
        END IF;
        INSERT INTO inventory_stockstep (article_id, instant, added, out_of_service, reserved, may_fall)
        SELECT claim.article, edge,
            COALESCE(step.added, 0), COALESCE(step.out_of_service, 0), COALESCE(step.reserved, 0), FALSE
        FROM unnest(ARRAY[beginning, first, last]) edge LEFT JOIN LATERAL (
            SELECT * FROM inventory_stockstep WHERE article_id = claim.article AND instant <= edge
            ORDER BY instant DESC LIMIT 1) step ON TRUE
        WHERE edge < finish
        ON CONFLICT DO NOTHING;
        UPDATE inventory_stockstep SET reserved = reserved + claim.quantity, may_fall = may_fall OR instant = first
        WHERE article_id = claim.article AND instant >= first AND instant < last;
        DELETE FROM inventory_stockstep step
        WHERE article_id = claim.article AND instant IN (first, last) AND (added, out_of_service, reserved) = (
            SELECT added, out_of_service, reserved FROM inventory_stockstep earlier
            WHERE earlier.article_id = claim.article AND earlier.instant < step.instant
            ORDER BY earlier.instant DESC LIMIT 1);
        RETURN QUERY INSERT INTO inventory_reservation (
            tenant_id, article_id, quantity, label, start, "end", blocked_from, blocked_until, created_at)
        VALUES (company, claim.article, claim.quantity, claim.label, claim.since, claim.until,
            claim.blocked_from, claim.blocked_until, clock_timestamp()) RETURNING *;
    END LOOP;
EXCEPTION WHEN SQLSTATE 'EWX00' THEN
    RETURN;
END $$
"""
BEFORE = import_module("inventory.migrations.0017_reserving_what_is_sold").RESERVE


class Migration(migrations.Migration):
    dependencies = [("inventory", "0019_where_stock_may_fall")]

    operations = [OnPostgreSQL(RESERVE, BEFORE)]
