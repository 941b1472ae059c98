"""I8: what the data can show of "revoked stays revoked"."""

from config.verification.results import Options, Result, result
from feeds.oracle import rows, snapshot

OPEN = "SELECT count(*) FROM accounts_session WHERE revoked_at IS NULL AND expires_at > now()"
OPEN_OF_OTHERS = """
SELECT format('session %s is open, its account %s is %s', session.id, account.id, account.state)
  FROM accounts_session AS session JOIN accounts_user AS account ON account.id = session.user_id
 WHERE session.revoked_at IS NULL AND session.expires_at > now() AND account.state <> 'active' ORDER BY session.id
"""
# An instant is that of its transaction's beginning, which may come before a commit that it waited for: hence the minute.
USED_AFTER = """
SELECT format('refresh token %s was good after its session %s had ended', token.id, session.id)
  FROM accounts_session AS session JOIN accounts_refreshtoken AS token ON token.session_id = session.id
 WHERE session.revoked_at IS NOT NULL
   AND greatest(token.used_at, token.issued_at) > session.revoked_at + interval '1 minute' ORDER BY token.id
"""
ENDED = "SELECT count(*) FROM accounts_session WHERE revoked_at IS NOT NULL"
BROKEN_CHAINS = """
SELECT format('session %s has %s refresh tokens that are good', session_id, count(*))
  FROM accounts_refreshtoken WHERE used_at IS NULL GROUP BY session_id HAVING count(*) > 1
UNION ALL
SELECT format('refresh token %s was used and its successor %s is not of its session', token.id, token.successor_id)
  FROM accounts_refreshtoken AS token WHERE token.used_at IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM accounts_refreshtoken AS successor
        WHERE successor.id = token.successor_id AND successor.session_id = token.session_id)
UNION ALL
SELECT format('%s refresh tokens lead to %s', count(*), successor_id)
  FROM accounts_refreshtoken WHERE successor_id IS NOT NULL GROUP BY successor_id HAVING count(*) > 1
"""
TOKENS = "SELECT count(*) FROM accounts_refreshtoken"


def revocation(_: Options) -> list[Result]:
    """Sessions of accounts that may not sign in, tokens used after their session's end, and chains with two ends."""
    with snapshot():
        return [
            _check("only active accounts have open sessions", OPEN, OPEN_OF_OTHERS),
            _check("no token outlived its session", ENDED, USED_AFTER),
            _check("of a session one token is good", TOKENS, BROKEN_CHAINS),
        ]


def _check(name: str, examined: str, findings: str) -> Result:
    found = [row[0] for row in rows(findings)]
    return result("I8", name, int(rows(examined)[0][0]), found)
