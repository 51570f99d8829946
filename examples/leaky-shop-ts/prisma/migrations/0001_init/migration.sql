-- What Prisma's schema can't say: the database refuses to give back what was not paid.
ALTER TABLE "Order" ADD CONSTRAINT "refunds_within_captures" CHECK ("refundedCents" BETWEEN 0 AND "capturedCents");
