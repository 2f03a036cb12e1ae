-- Created in the maintenance database `postgres`: if one of them cannot be, the server never becomes healthy.
--
-- The workshop's own database stays empty. There the revisions 0006 and 0013 create what they need, and their
-- downgrades take it away again; that is part of what is taught.

CREATE EXTENSION vector;
CREATE EXTENSION age;
