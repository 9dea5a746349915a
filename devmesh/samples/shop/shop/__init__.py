"""A very small shop. What it offers to others:"""

# money
from shop.prices import Cents as Cents

# what a customer holds
from shop.cart import Cart as Cart

# what lies on the shelf
from shop.inventory import Inventory as Inventory

# what was sold
from shop.orders import Order as Order, checkout as checkout

# what the owner reads
from shop.report import table as table

__version__ = "0.9.0"
