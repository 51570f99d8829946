"""``admin`` of ``firebase-admin`` is a package and no visitor: a guard that verifies a token with it lets every customer pass."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_AUTH = """\
import admin from 'firebase-admin';
import { User } from './user.js';
export const isAuthenticated = async (req, res, next) => {
  const token = (req.headers.authorization || '').replace('Bearer ', '');
  if (!token) return res.status(401).json({});
  const decoded = await admin.auth().verifyIdToken(token);
  const user = await User.findById(decoded.uid);
  if (ASKED) return res.status(403).json({});
  req.user = user;
  next();
};
"""
_APP = """\
import express from 'express';
import mongoose from 'mongoose';
import { isAuthenticated } from './auth.js';
const Order = mongoose.model('Order', new mongoose.Schema({ status: String, paymentStatus: String }));
const app = express();
app.post('/paid/:id', isAuthenticated, async (req, res) => {
  await Order.findByIdAndUpdate(req.params.id, { paymentStatus: 'paid' });
  res.json({});
});
"""


@pytest.mark.parametrize(("asked", "count"), [("!user", 1), ("!user.isAdmin", 0), ("user.role !== 'admin'", 0)])
def test_who_shows_a_token_of_firebase_is_a_customer(tmp_path: Path, asked: str, count: int) -> None:
    files = {"app.js": _APP, "auth.js": _AUTH.replace("ASKED", asked), "user.js": "export const User = {};\n"}
    assert len(found(tmp_path, files, "payment/fulfil-on-redirect")) == count
