CREATE OR REPLACE VIEW curses AS
SELECT g.name AS people, p.category, f.name AS feature, count(*) AS times
FROM reviews r
JOIN users u ON u.id = r.user_id
JOIN focus_groups g ON g.id = u.focus_group_id
JOIN products p ON p.id = r.product_id
JOIN review_mentions m ON m.review_id = r.id AND m.sentiment = 'negative'
JOIN features f ON f.id = m.feature_id
WHERE EXISTS (SELECT FROM variants v WHERE v.product_id = p.id AND v.price < 200)
GROUP BY g.name, p.category, f.name
