"""What is lowest of articles in a span, for whatever statement finds them: the search reads hits and stock as one.

PostgreSQL keeps the plan of what stands in a function, while a page of hits is planned anew for each word. The span is
widened by each article's buffers; of what is sold it lasts until the end of time. The step that holds when it begins is
looked for nearby first (docs/decisions/0020). `moves`: more may come to it that moves with time, of which no step knows.
Never is a whole table read: a plan of before a list was imported is kept until the server has counted the articles.
"""

from django.db import migrations

from eventworx.databases import OnPostgreSQL

LOWEST = """
CREATE FUNCTION inventory_lowest(since bigint, until bigint, article_ids bigint[])
RETURNS TABLE (article_id bigint, owned integer, out_of_service integer, free integer, moves boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 50 SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    beginning CONSTANT bigint := -62135596800000000;  -- the instant of every article's first step
    finish CONSTANT bigint := 253402300799999999;  -- the end of time
    minute CONSTANT bigint := 60000000;
    day CONSTANT bigint := 86400000000;
BEGIN
    RETURN QUERY
    SELECT article.id,
        article.owned + COALESCE(lowest.added, 0),
        article.out_of_service + COALESCE(lowest.out_of_service, 0),
        article.owned - article.out_of_service + COALESCE(lowest.level, 0),
        EXISTS (SELECT FROM inventory_reservation moving WHERE moving.article_id = article.id AND (
            moving.expires_at IS NOT NULL OR (moving.handed_over_at IS NOT NULL AND moving.returned_at IS NULL)))
    FROM inventory_article article
    CROSS JOIN LATERAL (SELECT
        inventory_lowest.since - article.buffer_before_minutes * minute AS since,
        CASE article.kind WHEN 'sale' THEN finish
        ELSE inventory_lowest.until + article.buffer_after_minutes * minute END AS until) asked
    CROSS JOIN LATERAL (
        SELECT min(added) AS added, max(out_of_service) AS out_of_service, min(added - out_of_service - reserved) AS level
        FROM inventory_stockstep WHERE article_id = article.id AND instant < asked.until AND instant >= COALESCE((
            SELECT instant FROM inventory_stockstep
            WHERE article_id = article.id AND instant <= asked.since AND instant > asked.since - day
            ORDER BY instant DESC LIMIT 1
        ), (
            SELECT instant FROM inventory_stockstep WHERE article_id = article.id AND instant <= asked.since - day
            ORDER BY instant DESC LIMIT 1
        ), beginning)
    ) lowest
    WHERE article.id = ANY (article_ids);
END $$
"""
FORGET = "DROP FUNCTION inventory_lowest"


class Migration(migrations.Migration):
    dependencies = [("inventory", "0023_steps_without_marks")]

    operations = [OnPostgreSQL(LOWEST, FORGET)]
