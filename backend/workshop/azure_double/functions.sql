-- A stand-in for the extension azure_ai of Azure Database for PostgreSQL: its documented names, signatures and result
-- types, answered inside this server. Nothing here speaks to a cloud. Vectors come from the table azure_openai.known,
-- which the workshop fills with those of the model on this machine; sentiment comes from the words of a small lexicon.
-- One key, one deployment of each kind; what a wrong one is told are the words of the service itself.

CREATE SCHEMA azure_ai;
CREATE SCHEMA azure_openai;
CREATE SCHEMA azure_cognitive;

CREATE TABLE azure_ai.settings (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE azure_ai.refusals (first bigint NOT NULL, last bigint NOT NULL, said text NOT NULL);
CREATE SEQUENCE azure_ai.attempts;  -- a sequence, so that a rollback does not forget an attempt
CREATE TABLE azure_openai.known (hash bytea PRIMARY KEY, embedding real[] NOT NULL);
CREATE TABLE azure_cognitive.lexicon (word text PRIMARY KEY, value integer NOT NULL);

INSERT INTO azure_cognitive.lexicon
SELECT word, 1 FROM regexp_split_to_table('good great excellent love loved loves perfect comfortable reliable quiet
    clear sharp bright fast easy best better beautiful happy sturdy solid crisp smooth pleased recommend superb fine
    impressive accurate light handy joy pleasant worth strong amazing nice delighted warm', '\s+') AS word
UNION ALL
SELECT word, -1 FROM regexp_split_to_table('bad poor terrible awful broken breaks broke hate hated noisy loud slow
    useless worst worse disappointing disappointed flimsy weak dim blurry heavy hurts hurt fails failed failing dies
    died dead returned refund cheap annoying scratches scratched cracked leaks leaked stuck tinny uncomfortable
    difficult wrong never', '\s+') AS word;

-- -- settings ------------------------------------------------------------------------------------------------------

CREATE FUNCTION azure_ai.set_setting(key text, value text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO azure_ai.settings VALUES (key, value) ON CONFLICT (key) DO UPDATE SET value = excluded.value
$$;

CREATE FUNCTION azure_ai.get_setting(key text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT s.value FROM azure_ai.settings s WHERE s.key = get_setting.key
$$;

-- Try as often as the caller allows; return null when the service would answer, else what it says instead.
CREATE FUNCTION azure_ai.refused(service text, max_attempts integer, retry_delay_ms integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    IF coalesce(azure_ai.get_setting(service || '.endpoint'), '') = '' THEN
        RETURN format('The setting %s.endpoint is not set', service);
    ELSIF azure_ai.get_setting(service || '.subscription_key') IS DISTINCT FROM 'stand-in-key' THEN
        RETURN '401: Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a '
               'valid key for an active subscription and use a correct regional API endpoint for your resource.';
    END IF;
    FOR attempt IN 1 .. greatest(max_attempts, 1) LOOP
        IF attempt > 1 THEN
            PERFORM pg_sleep(retry_delay_ms / 1000.0);
        END IF;
        SELECT r.said INTO said
        FROM (SELECT nextval('azure_ai.attempts') AS n) AS this JOIN azure_ai.refusals r ON n BETWEEN first AND last;
        EXIT WHEN said IS NULL;
    END LOOP;
    RETURN said;
END $$;

-- -- embeddings ----------------------------------------------------------------------------------------------------

CREATE FUNCTION azure_openai.create_embeddings(deployment_name text, input text[], batch_size integer DEFAULT 100,
    dimensions integer DEFAULT NULL, timeout_ms integer DEFAULT 3600000, throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1, retry_delay_ms integer DEFAULT 1000)
RETURNS TABLE (embedding real[]) LANGUAGE plpgsql AS $$
DECLARE
    said text := azure_ai.refused('azure_openai', max_attempts, retry_delay_ms);
    unknown text;
BEGIN
    IF said IS NULL AND deployment_name IS DISTINCT FROM 'stand-in-embeddings' THEN
        said := '404: The API deployment for this resource does not exist.';
    END IF;
    SELECT one INTO unknown FROM unnest(input) AS one
    WHERE NOT EXISTS (SELECT FROM azure_openai.known k WHERE k.hash = sha256(convert_to(one, 'UTF8'))) LIMIT 1;
    IF said IS NULL AND unknown IS NOT NULL THEN
        said := format('The stand-in for Azure has no vector for the text "%s": it knows only texts that the model on '
                       'this machine has read for it. Give it this one: azure_double.teach(settings, ["..."]).',
                       left(unknown, 40));
    END IF;
    IF said IS NOT NULL AND throw_on_error THEN
        RAISE EXCEPTION 'azure_openai.create_embeddings: %', said;
    END IF;
    -- More dimensions than the model has: its vector several times over, of length 1 again.
    RETURN QUERY
        SELECT CASE WHEN said IS NULL THEN (
            SELECT array_agg((value / sqrt(times))::real ORDER BY again, place)
            FROM (SELECT greatest(dimensions / cardinality(k.embedding), 1) AS times) AS t
            CROSS JOIN generate_series(1, times) AS again
            CROSS JOIN unnest(k.embedding) WITH ORDINALITY AS v(value, place)) END
        FROM unnest(input) WITH ORDINALITY AS i(one, n)
        LEFT JOIN azure_openai.known k ON k.hash = sha256(convert_to(one, 'UTF8')) ORDER BY n;
END $$;

CREATE FUNCTION azure_openai.create_embeddings(deployment_name text, input text, dimensions integer DEFAULT NULL,
    timeout_ms integer DEFAULT 3600000, throw_on_error boolean DEFAULT true, max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000)
RETURNS real[] LANGUAGE sql AS $$
    SELECT embedding FROM azure_openai.create_embeddings(deployment_name, ARRAY[input], 1, dimensions, timeout_ms,
                                                         throw_on_error, max_attempts, retry_delay_ms)
$$;

-- -- sentiment -----------------------------------------------------------------------------------------------------

CREATE TYPE azure_cognitive.sentiment_analysis_result AS (
    sentiment text, positive_score double precision, neutral_score double precision, negative_score double precision
);

-- Count the words of the lexicon; one after "not" or its like counts the other way round.
CREATE FUNCTION azure_cognitive.feeling(text text) RETURNS azure_cognitive.sentiment_analysis_result
LANGUAGE sql STABLE AS $$
    WITH words AS (
        SELECT word, lag(word) OVER (ORDER BY n) AS before
        FROM regexp_split_to_table(lower(text), '[^a-z'']+') WITH ORDINALITY AS w(word, n)
    ), counted AS (
        SELECT count(*) FILTER (WHERE value > 0)::float AS good, count(*) FILTER (WHERE value < 0)::float AS bad
        FROM (SELECT CASE WHEN before IN ('not', 'no', 'never') OR before LIKE '%n''t' THEN -value ELSE value END
              FROM words JOIN azure_cognitive.lexicon USING (word)) AS w(value)
    )
    SELECT CASE WHEN good > 0 AND good = bad THEN 'mixed' WHEN good > bad THEN 'positive'
                WHEN bad > good THEN 'negative' ELSE 'neutral' END,
           good / (good + bad + 1), 1 / (good + bad + 1), bad / (good + bad + 1)
    FROM counted
$$;

CREATE FUNCTION azure_cognitive.analyze_sentiment(text text[], language text[] DEFAULT NULL,
    batch_size integer DEFAULT 10, disable_service_logs boolean DEFAULT false, timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true, max_attempts integer DEFAULT 1, retry_delay_ms integer DEFAULT 1000)
RETURNS TABLE (result azure_cognitive.sentiment_analysis_result) LANGUAGE plpgsql AS $$
DECLARE
    said text := azure_ai.refused('azure_cognitive', max_attempts, retry_delay_ms);
BEGIN
    IF said IS NOT NULL AND throw_on_error THEN
        RAISE EXCEPTION 'azure_cognitive.analyze_sentiment: %', said;
    END IF;
    RETURN QUERY SELECT f.* FROM unnest(text) WITH ORDINALITY AS i(one, n)
                 LEFT JOIN LATERAL azure_cognitive.feeling(one) AS f ON said IS NULL ORDER BY n;
END $$;

CREATE FUNCTION azure_cognitive.analyze_sentiment(text text[], language text DEFAULT NULL,
    batch_size integer DEFAULT 10, disable_service_logs boolean DEFAULT false, timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true, max_attempts integer DEFAULT 1, retry_delay_ms integer DEFAULT 1000)
RETURNS TABLE (result azure_cognitive.sentiment_analysis_result) LANGUAGE sql AS $$
    SELECT r FROM azure_cognitive.analyze_sentiment(text, ARRAY[language], batch_size, disable_service_logs, timeout_ms,
                                                    throw_on_error, max_attempts, retry_delay_ms) AS r
$$;

CREATE FUNCTION azure_cognitive.analyze_sentiment(text text, language text DEFAULT NULL,
    disable_service_logs boolean DEFAULT false, timeout_ms integer DEFAULT NULL, throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1, retry_delay_ms integer DEFAULT 1000)
RETURNS azure_cognitive.sentiment_analysis_result LANGUAGE sql AS $$
    SELECT r FROM azure_cognitive.analyze_sentiment(ARRAY[text], ARRAY[language], 1, disable_service_logs, timeout_ms,
                                                    throw_on_error, max_attempts, retry_delay_ms) AS r
$$;

-- The first sentence that holds a word of what is asked for, as it stands.
CREATE FUNCTION azure_ai.quotation(document text, wanted text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT sentence FROM regexp_split_to_table(document, '(?<=[.!?])\s+|\n+') WITH ORDINALITY AS s(sentence, n)
    WHERE lower(sentence) ~ ('\m(' || (SELECT string_agg(word, '|') FROM regexp_split_to_table(lower(wanted), '\W+') AS word
                                       WHERE length(word) > 3) || ')')
    ORDER BY n LIMIT 1
$$;

-- Each label is a name, then " - " or ":" and what is meant. The stand-in answers to the name "sentiment", and quotes
-- what is said of "the product's ...", up to a colon; to everything else the answer is null.
CREATE FUNCTION azure_ai.extract(document text, data text[], model text DEFAULT 'gpt-4.1') RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    said text := azure_ai.refused('azure_openai', 1, 0);
BEGIN
    IF said IS NOT NULL THEN
        RAISE EXCEPTION 'azure_ai.extract: %', said;
    END IF;
    RETURN (
        SELECT jsonb_object_agg(name, CASE WHEN name = 'sentiment' THEN (azure_cognitive.feeling(document)).sentiment
                                           ELSE azure_ai.quotation(document, wanted) END)
        FROM (SELECT trim(substring(label FROM '^[^-:]+')), substring(label FROM 'product''s ([^:]+)')
              FROM unnest(data) AS label) AS labels(name, wanted));
END $$;
